import { afterAll, beforeAll, expect, test } from "vitest";
import { Held } from "../engine/executors.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { iteratorOf, openTestApi, type TestApi } from "./test-api.ts";

const JOB = "id status version attempt attemptsLeft scheduledAt cancelReason cancelRequestedAt";

const CANCEL = `mutation ($input: CancelJobInput!) {
  cancelJob(input: $input) {
    __typename
    ... on CancelJobPayload { job { ${JOB} } }
    ... on InvalidStateError { job { ${JOB} } }
    ... on UserError { code message path }
  }
}`;

const RETRY = `mutation ($input: RetryJobInput!) {
  retryJob(input: $input) {
    __typename
    ... on RetryJobPayload { job { ${JOB} } }
    ... on InvalidStateError { job { ${JOB} } }
    ... on UserError { code message path }
  }
}`;

const READ = `query ($id: ID!) { job(id: $id) { ${JOB} progress attempts { number outcome } } }`;
const WATCH = `subscription ($id: ID!) { jobUpdated(id: $id) { ${JOB} progress } }`;

const FAR = "2126-01-01T00:00:00.000Z";
const UNKNOWN = "0193a5b0-1234-7000-8000-00000000abcd";

describeWithPostgres("cancelJob and retryJob", () => {
  const held = new Held("held");
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi([held.executor]);
    await api.startEngine();
  });
  afterAll(() => api.close());

  const submit = (input: object): Promise<string> => api.submit(input);
  const cancel = async (input: object) => Object(await api.data(CANCEL, { input })).cancelJob;
  const retry = async (input: object) => Object(await api.data(RETRY, { input })).retryJob;
  const read = async (id: string) => Object(await api.data(READ, { id })).job;
  const submitWaiting = () => submit({ type: "anything", scheduledAt: FAR });

  const watch = async (id: string) => {
    const live = iteratorOf(await api.subscribe(WATCH, { id }));
    return async () => Object((await live.next()).value?.data).jobUpdated;
  };

  test("a waiting job is CANCELLED in the answer, with the reason and the time", async () => {
    const id = await submitWaiting();
    const answer = await cancel({ id, reason: "not needed" });
    expect(answer).toMatchObject({
      __typename: "CancelJobPayload",
      job: { id, status: "CANCELLED", version: 2, attempt: 0, cancelReason: "not needed" },
    });
    expect(answer.job.cancelRequestedAt).toMatch(/^20\d\d-/);
    expect(await read(id)).toMatchObject(answer.job);
  });

  test("a running job is RUNNING in the answer, and watchers see it asked for and CANCELLED", async () => {
    const started = held.runs.length;
    const id = await submit({ type: "held" });
    await held.whenStarted(started + 1);
    const next = await watch(id);
    expect(await next()).toMatchObject({ status: "RUNNING", cancelRequestedAt: null });
    const { job } = await cancel({ id, reason: "too slow" });
    expect(job).toMatchObject({ status: "RUNNING", cancelReason: "too slow", version: 3 });
    expect(job.cancelRequestedAt).not.toBeNull();
    expect(await next()).toMatchObject({ status: "RUNNING", version: 3, cancelReason: "too slow" });
    expect(await next()).toMatchObject({ status: "CANCELLED", version: 4 });
    expect((await read(id)).attempts).toEqual([{ number: 1, outcome: "CANCELLED" }]);
  });

  test("a job that has ended cannot be cancelled, and is shown as it is", async () => {
    const id = await submitWaiting();
    await cancel({ id, reason: "first" });
    expect(await cancel({ id, reason: "second" })).toEqual({
      __typename: "InvalidStateError",
      code: "INVALID_STATE",
      message: `job ${id} is CANCELLED: a job that has ended cannot be cancelled`,
      path: ["id"],
      job: expect.objectContaining({ id, status: "CANCELLED", cancelReason: "first" }),
    });
  });

  test.each([UNKNOWN, "no uuid", "", "\u0000", "x".repeat(10_000)])(
    "an id that names no job is a NotFoundError: %j",
    async (id) => {
      const expected = { __typename: "NotFoundError", code: "NOT_FOUND", path: ["id"] };
      expect(await cancel({ id })).toMatchObject(expected);
      expect(await retry({ id })).toMatchObject(expected);
      expect((await retry({ id })).message.length).toBeLessThan(200);
    },
  );

  test("an id may be written in upper case", async () => {
    const id = await submitWaiting();
    expect((await cancel({ id: id.toUpperCase() })).job.status).toBe("CANCELLED");
  });

  test.each([
    ["is cut after 1,000 characters", "é".repeat(1_500), "é".repeat(1_000)],
    ["loses what cannot be stored", "a\u0000b\uD800c", "a\uFFFDb\uFFFDc"],
    ["of nothing but white space is none", " \n ", null],
    ["may be left out", undefined, null],
  ])("a reason %s", async (_what, reason, kept) => {
    const id = await submitWaiting();
    expect((await cancel({ id, reason })).job.cancelReason).toBe(kept);
  });

  test("a cancelled job is PENDING again after a retry, and forgets its cancel", async () => {
    const id = await submitWaiting();
    await cancel({ id, reason: "by mistake" });
    const { job } = await retry({ id });
    expect(job).toMatchObject({
      ...{ status: "PENDING", version: 3, attempt: 0, attemptsLeft: 5 },
      ...{ cancelReason: null, cancelRequestedAt: null },
    });
    const next = await watch(id);
    for (let state = await next(); state.status !== "COMPLETED"; state = await next());
    expect(await read(id)).toMatchObject({ status: "COMPLETED", attempt: 1 });
  });

  test("a failed job gets a fresh set of attempts, whose numbers go on", async () => {
    const payload = { failures: 1, final: true };
    const id = await submit({ type: "flaky", payload, maxAttempts: 2 });
    const next = await watch(id);
    for (let state = await next(); state.status !== "FAILED"; state = await next());
    const { job } = await retry({ id });
    expect(job).toMatchObject({ status: "PENDING", attempt: 1, attemptsLeft: 2 });
    const again = await watch(id);
    for (let state = await again(); state.status !== "COMPLETED"; state = await again());
    expect((await read(id)).attempts).toEqual([
      { number: 2, outcome: "COMPLETED" },
      { number: 1, outcome: "FAILED" },
    ]);
  });

  test("a retry for a future time is SCHEDULED, and its watchers see that", async () => {
    const id = await submitWaiting();
    await cancel({ id });
    const { job } = await retry({ id, scheduledAt: FAR });
    expect(job).toMatchObject({ status: "SCHEDULED", scheduledAt: FAR });
    expect(await read(id)).toMatchObject(job);
    const next = await watch(id);
    expect(await next()).toMatchObject({ status: "SCHEDULED", version: 3 });
    await cancel({ id });
    expect(await next()).toMatchObject({ status: "CANCELLED", version: 4 });
  });

  test("a job that has not failed cannot be retried", async () => {
    const id = await submitWaiting();
    expect(await retry({ id })).toMatchObject({
      __typename: "InvalidStateError",
      message: `job ${id} is SCHEDULED: only a FAILED or CANCELLED job can be retried`,
      job: { id, status: "SCHEDULED" },
    });
  });

  test("a retry runs a job whose expiresAt has passed", async () => {
    const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
    const expiresAt = new Date(Date.now() + 3_600_001).toISOString();
    const id = await submit({ type: "anything", scheduledAt, expiresAt });
    await cancel({ id });
    const later = new Date(Date.now() + 7_200_000).toISOString();
    expect((await retry({ id, scheduledAt: later })).job.status).toBe("SCHEDULED");
    const expiry = await api.data("query ($id: ID!) { job(id: $id) { expiresAt } }", { id });
    expect(expiry).toEqual({ job: { expiresAt: null } });
  });

  test("progress is shown live", async () => {
    const started = held.runs.length;
    const id = await submit({ type: "held" });
    await held.whenStarted(started + 1);
    const next = await watch(id);
    expect(await next()).toMatchObject({ status: "RUNNING", progress: null });
    held.runs[started]?.context.progress(0.75);
    expect(await next()).toMatchObject({ status: "RUNNING", version: 3, progress: 0.75 });
    held.runs[started]?.resolve("done");
    expect(await next()).toMatchObject({ status: "COMPLETED", version: 4 });
  });

  test("when and why are read with one statement for a whole page", async () => {
    const ids = await Promise.all([submitWaiting(), submitWaiting(), submitWaiting()]);
    for (const id of ids) await cancel({ id, reason: id });
    const before = api.statements.length;
    const list = `query ($ids: [ID!]) {
      jobs(first: 3, filter: { ids: $ids }) { nodes { id cancelReason cancelRequestedAt } }
    }`;
    const { jobs } = Object(await api.data(list, { ids }));
    for (const { id, cancelReason } of jobs.nodes) expect(cancelReason).toBe(id);
    const reads = api.statements.slice(before).filter((name) => name === "read-cancellations");
    expect([jobs.nodes.length, reads.length]).toEqual([3, 1]);
  });
});
