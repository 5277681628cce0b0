import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { iteratorOf, openTestApi, type TestApi } from "./test-api.ts";

const JOB = "status expiresAt cancelReason cancelRequestedAt";
const READ = `query ($id: ID!) { job(id: $id) { ${JOB} events { status message } } }`;
const WATCH = `subscription ($id: ID!) { jobUpdated(id: $id) { ${JOB} } }`;
const CANCEL = "mutation ($id: ID!) { cancelJob(input: { id: $id }) { __typename } }";
const RETRY = `mutation ($id: ID!) { retryJob(input: { id: $id, scheduledAt: "2999-01-01T00:00:00Z" }) {
  ... on RetryJobPayload { job { ${JOB} } } } }`;
const SUBMIT = `mutation ($input: SubmitJobInput!) { submitJob(input: $input) {
  __typename ... on SubmitJobPayload { created job { id } } ... on UserError { code message path } } }`;
const SUBMIT_MANY = `mutation ($input: SubmitJobsInput!) { submitJobs(input: $input) {
  __typename
  ... on SubmitJobsPayload { submittedCount failedCount results { __typename ... on UserError { path } } }
  ... on BatchRejectedError { rejected { index error { path } } }
} }`;

const at = (fromNowMs: number) => new Date(Date.now() + fromNowMs).toISOString();

describeWithPostgres("a job with an expiresAt", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi();
    await api.startEngine();
  });
  afterAll(() => api.close());

  const read = async (id: string) => Object(await api.data(READ, { id })).job;
  const submit = async (input: object) => Object(await api.data(SUBMIT, { input })).submitJob;
  const submitMany = async (jobs: object[], policy: string) =>
    Object(await api.data(SUBMIT_MANY, { input: { jobs, policy } })).submitJobs;

  async function watchToTheEnd(id: string): Promise<unknown> {
    let last: unknown;
    for await (const { data } of iteratorOf(await api.subscribe(WATCH, { id }))) last = data;
    return Object(last).jobUpdated;
  }

  /** Fails at once, and expires before its retry. */
  const expiring = (expiresAt: string) => ({
    ...{ type: "flaky", payload: { failures: 9 }, backoff: { baseMs: 3_600_000 }, expiresAt },
  });

  test("that passes says when it expired, to who reads it, who watches it, and in its timeline", async () => {
    const id = await api.submit(expiring(at(1_500)));
    const seen = await watchToTheEnd(id);
    const { events, ...job } = await read(id);
    const cancelReason = `expired at ${job.expiresAt}, before it could start again`;
    expect(job).toMatchObject({ status: "CANCELLED", cancelReason, cancelRequestedAt: null });
    expect(seen).toEqual(job);
    expect(events.at(-1)).toEqual({ status: "CANCELLED", message: cancelReason });
    const { retryJob } = Object(await api.data(RETRY, { id }));
    expect(retryJob.job).toMatchObject({ expiresAt: null, cancelReason: null });
  });

  test("that is cancelled before, without a reason, has none", async () => {
    const input = { type: "anything", scheduledAt: at(3_600_000), expiresAt: at(7_200_000) };
    const id = await api.submit(input);
    await api.data(CANCEL, { id });
    expect(await read(id)).toMatchObject({
      ...{ status: "CANCELLED", cancelReason: null, cancelRequestedAt: expect.any(String) },
    });
  });

  test("in the past is refused, by name", async () => {
    const answer = await submit({ type: "anything", expiresAt: at(-1_000) });
    expect(answer).toMatchObject({
      ...{ __typename: "InvalidInputError", code: "INVALID_INPUT", path: ["expiresAt"] },
      message: expect.stringContaining("is in the past"),
    });
  });

  test("that has passed meanwhile is found by its key, as before, and by no other input", async () => {
    const input = { ...expiring(at(1_500)), idempotencyKey: "once" };
    const { job } = await submit(input);
    await watchToTheEnd(job.id);
    expect(await submit(input)).toMatchObject({ created: false, job: { id: job.id } });
    expect(await submit({ ...input, priority: 1 })).toMatchObject({
      __typename: "IdempotencyKeyReusedError",
    });
    expect(await submit({ ...input, idempotencyKey: "new" })).toMatchObject({
      path: ["expiresAt"],
    });
  });

  test("in the past is refused in a list, and by its policy the list with it", async () => {
    const jobs = [
      { type: "anything", expiresAt: at(3_600_000) },
      { type: "anything", expiresAt: at(-1_000) },
      { type: "anything" },
    ];
    expect(await submitMany(jobs, "REJECT_ALL")).toEqual({
      __typename: "BatchRejectedError",
      rejected: [{ index: 1, error: { path: ["expiresAt"] } }],
    });
    expect(await submitMany(jobs, "REJECT_FAILED")).toMatchObject({
      ...{ submittedCount: 2, failedCount: 1 },
      results: [
        { __typename: "SubmitJobPayload" },
        { __typename: "InvalidInputError", path: ["expiresAt"] },
        { __typename: "SubmitJobPayload" },
      ],
    });
  });
});
