import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { iteratorOf, openTestApi, type TestApi } from "./test-api.ts";

const RUN = "startedAt threads queueTimeMs executionTimeMs";
const READ = `query ($id: ID!) { job(id: $id) {
  status threadDemand ${RUN} attempts { number startedAt finishedAt threads } } }`;
const WATCH = `subscription ($id: ID!) { jobUpdated(id: $id) { status attempt ${RUN} } }`;
const CANCEL = "mutation ($id: ID!) { cancelJob(input: { id: $id }) { __typename } }";
const OLDER_RELEASE = {
  name: "forget-ready",
  text: "/* forget-ready */ update vinyasa.job_attempts set ready_at = null where job_id = $1::uuid",
};
const LATER = "2999-01-01T00:00:00Z";

interface Shown {
  readonly status: string;
  readonly attempt: number;
}

describeWithPostgres("what a job tells of its last run", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi();
    await api.startEngine();
  });
  afterAll(() => api.close());

  /** A job that failed once, and waits an hour for its retry; with what a watcher saw of that. */
  async function failedOnce(): Promise<{ id: string; seen: Shown[] }> {
    const backoff = { kind: "FIXED", baseMs: 3_600_000, jitter: 0 };
    const id = await api.submit({
      ...{ type: "flaky", payload: { failures: 1 }, backoff, threadDemand: 3 },
      scheduledAt: new Date(Date.now() + 300).toISOString(),
    });
    const seen: Shown[] = [];
    for await (const { data } of iteratorOf(await api.subscribe(WATCH, { id }))) {
      const job: Shown = Object(data).jobUpdated;
      seen.push(job);
      if (job.status === "SCHEDULED" && job.attempt === 1) break;
    }
    return { id, seen };
  }

  const read = async (id: string) => Object(await api.data(READ, { id })).job;

  test("is there while it waits for its retry, and after it was cancelled then", async () => {
    const { id, seen } = await failedOnce();
    const waiting = await read(id);
    const [run] = waiting.attempts;
    const told = {
      startedAt: run.startedAt,
      threads: 3,
      queueTimeMs: expect.any(Number),
      executionTimeMs: Date.parse(run.finishedAt) - Date.parse(run.startedAt),
    };
    expect(waiting).toMatchObject({ status: "SCHEDULED", ...told });
    expect(waiting.queueTimeMs).toBeLessThan(60_000);
    expect(seen.at(-1)).toMatchObject(told);
    await api.data(CANCEL, { id });
    expect(await read(id)).toMatchObject({
      ...{ status: "CANCELLED", ...told, queueTimeMs: waiting.queueTimeMs },
    });
  });

  test("is one thread, whatever it asked for, if its type is not parallelizable", async () => {
    const { jobTypes } = Object(await api.data("{ jobTypes { name parallelizable } }"));
    expect(jobTypes).toContainEqual({ name: "anything", parallelizable: false });
    const id = await api.submit({ type: "anything", threadDemand: 3 });
    for await (const _ of iteratorOf(await api.subscribe(WATCH, { id })));
    expect(await read(id)).toMatchObject({ status: "COMPLETED", threadDemand: 3, threads: 1 });
  });

  test("is nothing before the first run", async () => {
    const id = await api.submit({ type: "anything", scheduledAt: LATER });
    const none = { startedAt: null, threads: null, queueTimeMs: null, executionTimeMs: null };
    expect(await read(id)).toMatchObject({ status: "SCHEDULED", ...none });
  });

  test("takes one statement for a page of jobs, and none where it is not asked for", async () => {
    await Promise.all([failedOnce(), failedOnce()]);
    const statements = async (fields: string) => {
      api.statements.length = 0;
      await api.data(`{ jobs(first: 10) { nodes { ${fields} } } }`);
      return api.statements.filter((name) => name === "read-ended-runs");
    };
    expect(await statements(RUN)).toHaveLength(1);
    expect(await statements("status attempt finishedAt")).toEqual([]);
  });

  test("has no queue time where an older release recorded it", async () => {
    const { id } = await failedOnce();
    await api.db.query(OLDER_RELEASE, [id]);
    expect(await read(id)).toMatchObject({ threads: 3, queueTimeMs: null });
  });
});
