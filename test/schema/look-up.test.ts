import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { iteratorOf, openTestApi, type TestApi } from "./test-api.ts";

const JOB = "query ($id: ID!) { job(id: $id) { id status version } }";
const WATCH = "subscription ($id: ID!) { jobUpdated(id: $id) { version } }";

describeWithPostgres("job(id), asked for by many", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  const submit = () => api.submit({ type: "anything", scheduledAt: "2999-01-01T00:00:00Z" });
  const job = async (id: string) => Object(await api.data(JOB, { id })).job;

  test("takes one statement for all requests of a moment", async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, submit));
    api.statements.length = 0;
    const jobs = await Promise.all(ids.map(job));
    expect(jobs.map(({ id }) => id)).toEqual(ids);
    expect(api.statements).toEqual(["read-jobs"]);
  });

  test("answers null for what is no id, and leaves the other requests alone", async () => {
    const id = await submit();
    const [malformed, node, found] = await Promise.all([
      api.ask(JOB, { id: "no-id" }),
      api.ask(`{ node(id: "${id}'") { id } }`),
      job(id),
    ]);
    expect(malformed).toEqual({ data: { job: null } });
    expect(node).toEqual({ data: { node: null } });
    expect(found).toMatchObject({ id, status: "SCHEDULED" });
  });

  test("never shows a version older than one that anybody has been shown before", async () => {
    const backoff = { kind: "FIXED", baseMs: 20, maxMs: 20, jitter: 0 };
    const input = { type: "flaky", payload: { failures: 8 }, maxAttempts: 9, backoff };
    const id = await api.submit(input);
    let newest = 0;
    let isOver = false;
    const older: string[] = [];
    const show = (version: number, floor: number, who: string) => {
      if (version < floor) older.push(`${who} got ${version} after ${floor}`);
      newest = Math.max(newest, version);
    };
    const poll = async () => {
      while (!isOver) {
        const floor = newest;
        show((await job(id)).version, floor, "a poll");
      }
    };
    const watch = async () => {
      let own = 0;
      for await (const { data } of iteratorOf(await api.subscribe(WATCH, { id }))) {
        const { version } = Object(data).jobUpdated;
        show(version, own, "a watcher");
        own = version;
      }
      return own;
    };
    const polls = Array.from({ length: 20 }, poll);
    const watchers = Array.from({ length: 3 }, watch);
    await api.startEngine();
    const last = await Promise.all(watchers).finally(() => {
      isOver = true;
    });
    await Promise.all(polls);
    expect(older).toEqual([]);
    expect(await job(id)).toMatchObject({ status: "COMPLETED", version: last[0] });
  });
});
