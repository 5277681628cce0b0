import { afterAll, beforeAll, expect, test } from "vitest";
import { EVENTS_MAX } from "../../src/store/read-timelines.ts";
import { Held } from "../engine/executors.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { iteratorOf, openTestApi, type TestApi } from "./test-api.ts";

const CANCEL = `mutation ($id: ID!) {
  cancelJob(input: { id: $id, reason: "not needed" }) { __typename }
}`;
const RETRY = `mutation ($id: ID!) { retryJob(input: { id: $id }) { __typename } }`;
const EVENTS = "events { at status previousStatus attempt version message }";
const READ = `query ($id: ID!) { job(id: $id) { createdAt startedAt finishedAt ${EVENTS} } }`;
const WATCH = `subscription ($id: ID!) { jobUpdated(id: $id) { status version ${EVENTS} } }`;

const BACKDATE = {
  name: "add-lines",
  text: `/* add-lines */
with aged as (
  update vinyasa.scheduled_jobs set version = $2::int where job_id = $1::uuid
)
insert into vinyasa.job_history (job_id, version, attempt, previous_status, status)
select $1::uuid, v, 0, 7 - 5 * (v % 2), 2 + 5 * (v % 2) from generate_series(2, $2::int) as v`,
};

interface Told {
  readonly at: string;
  readonly status: string;
  readonly previousStatus: string | null;
  readonly attempt: number;
  readonly version: number;
  readonly message: string | null;
}

/** "PENDING > RUNNING 1: why" */
const lineOf = ({ previousStatus, status, attempt, message }: Told) =>
  `${previousStatus ?? "new"} > ${status} ${attempt}${message === null ? "" : `: ${message}`}`;

describeWithPostgres("Job.events", () => {
  const held = new Held("held");
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi([held.executor]);
    await api.startEngine();
  });
  afterAll(() => api.close());

  const submit = (input: object): Promise<string> => api.submit(input);
  const read = async (id: string) => Object(await api.data(READ, { id })).job;

  /** What a watcher sees until the job has this status. */
  async function watchUntil(
    id: string,
    status: string,
  ): Promise<{ version: number; events: Told[] }[]> {
    const live = iteratorOf(await api.subscribe(WATCH, { id }));
    const seen = [];
    for await (const { data } of live) {
      seen.push(JSON.parse(JSON.stringify(data)).jobUpdated);
      if (seen.at(-1).status === status) break;
    }
    return seen;
  }

  test("tells a job's whole life, with the reasons", async () => {
    const backoff = { baseMs: 20, jitter: 0 };
    const input = { type: "flaky", payload: { failures: 2 }, maxAttempts: 2, backoff };
    const id = await submit(input);
    await watchUntil(id, "FAILED");
    await api.data(RETRY, { id });
    await watchUntil(id, "COMPLETED");
    const { createdAt, startedAt, finishedAt, events } = await read(id);
    expect(events.map(lineOf)).toEqual([
      "new > PENDING 0",
      "PENDING > RUNNING 1",
      "RUNNING > SCHEDULED 1: failure 1",
      "SCHEDULED > PENDING 1",
      "PENDING > RUNNING 2",
      "RUNNING > FAILED 2: failure 2",
      "FAILED > PENDING 2: retried",
      "PENDING > RUNNING 3",
      "RUNNING > COMPLETED 3",
    ]);
    expect(events[0].at).toBe(createdAt);
    expect(events.at(-2).at).toBe(startedAt);
    expect(events.at(-1).at).toBe(finishedAt);
  });

  test("a running job's cancel is one event, with the reason of who asked for it", async () => {
    const id = await submit({ type: "held", payload: {} });
    await watchUntil(id, "RUNNING");
    await api.data(CANCEL, { id });
    await watchUntil(id, "CANCELLED");
    expect((await read(id)).events.map(lineOf)).toEqual([
      "new > PENDING 0",
      "PENDING > RUNNING 1",
      "RUNNING > CANCELLED 1: cancel requested: not needed",
    ]);
  });

  test("a live job shows nothing that is newer than itself, and all that is not", async () => {
    const id = await submit({ type: "flaky", payload: { failures: 1 }, backoff: { baseMs: 20 } });
    for (const { version, events } of await watchUntil(id, "COMPLETED")) {
      expect(events.map((event) => event.version)).toEqual(
        Array.from({ length: version }, (_, index) => index + 1),
      );
    }
  });

  test("a page of jobs takes one statement", async () => {
    await Promise.all([1, 2, 3].map(() => submit({ type: "anything", payload: 1 })));
    api.statements.length = 0;
    const { jobs } = Object(await api.data(`{ jobs(first: 3) { nodes { ${EVENTS} } } }`));
    expect(jobs.nodes.map(({ events }: { events: Told[] }) => events[0]?.version)).toEqual([
      1, 1, 1,
    ]);
    expect(api.statements.filter((name) => name === "read-timelines")).toHaveLength(1);
  });

  test("of a job with more than it tells, it tells the newest", async () => {
    const id = await submit({ type: "anything", scheduledAt: "2126-01-01T00:00:00Z" });
    const last = EVENTS_MAX + 101;
    await api.db.query(BACKDATE, [id, last]);
    const versions = (await read(id)).events.map(({ version }: Told) => version);
    expect(versions).toEqual(Array.from({ length: EVENTS_MAX }, (_, index) => index + 102));
  });
});
