import { parse, validate } from "graphql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { openTestApi, type TestApi } from "./test-api.ts";

const SUBMIT = `mutation ($input: SubmitJobInput!) {
  submitJob(input: $input) {
    __typename
    ... on SubmitJobPayload { created job { id type status payload queue priority attemptsLeft } }
    ... on UserError { code message path }
    ... on InvalidInputError { issues { path message } }
    ... on UnknownJobTypeError { knownTypes }
    ... on IdempotencyKeyReusedError { existingJob { id } }
  }
}`;

const SUBMIT_MANY = `mutation ($input: SubmitJobsInput!) {
  submitJobs(input: $input) {
    __typename
    ... on SubmitJobsPayload {
      submittedCount failedCount
      results { __typename ... on SubmitJobPayload { created job { id name } } ... on UserError { path } }
    }
    ... on UserError { code message path }
    ... on InvalidInputError { issues { path } }
    ... on BatchRejectedError { rejected { index error { __typename code path } } }
  }
}`;

describeWithPostgres("submitJob", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  const submit = (input: unknown) => api.data(SUBMIT, { input });

  test("answers with the stored job and the defaults of the API", async () => {
    expect(await submit({ type: "reverse_string", payload: { text: "stressed" } })).toEqual({
      submitJob: {
        __typename: "SubmitJobPayload",
        created: true,
        job: {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          type: "reverse_string",
          status: "PENDING",
          payload: { text: "stressed" },
          queue: "default",
          priority: 0,
          attemptsLeft: 3,
        },
      },
    });
  });

  test("takes {} for a payload that is left out or null", async () => {
    for (const input of [{ type: "anything" }, { type: "anything", payload: null }]) {
      expect(await submit(input)).toMatchObject({ submitJob: { job: { payload: {} } } });
    }
  });

  test("answers an unknown type with the known ones", async () => {
    expect(await submit({ type: "reverse" })).toMatchObject({
      submitJob: {
        __typename: "UnknownJobTypeError",
        code: "UNKNOWN_JOB_TYPE",
        path: ["type"],
        knownTypes: ["reverse_string", "flaky", "anything"],
      },
    });
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    [
      "a payload that fails its schema",
      { type: "reverse_string", payload: { text: 1 } },
      ["payload", "text"],
    ],
    ["a payload over the limit", { type: "anything", payload: "x".repeat(99) }, ["payload"]],
    ["U+0000", { type: "anything", payload: { a: "\u0000" } }, ["payload", "a"]],
    ["half of a surrogate pair", { type: "anything", payload: ["\uD83D"] }, ["payload", "0"]],
    ["digits that were lost", { type: "anything", payload: { n: 2 ** 60 } }, ["payload", "n"]],
    ["a priority out of range", { type: "anything", priority: 40_000 }, ["priority"]],
    [
      "a date out of range",
      { type: "anything", scheduledAt: "1969-12-31T23:59:59Z" },
      ["scheduledAt"],
    ],
    ["a name with U+0000", { type: "anything", name: "\u0000" }, ["name"]],
    ["too many attempts", { type: "anything", maxAttempts: 1_001 }, ["maxAttempts"]],
    ["jitter above 1", { type: "anything", backoff: { jitter: 1.01 } }, ["backoff", "jitter"]],
  ])("names the field of %s and stores nothing", async (_what, input, path) => {
    expect(await submit({ ...input, idempotencyKey: "none" })).toMatchObject({
      submitJob: {
        __typename: "InvalidInputError",
        code: "INVALID_INPUT",
        path,
        issues: [{ path, message: expect.any(String) }],
      },
    });
    const { jobs } = Object(await api.data("{ jobs(first: 100) { nodes { idempotencyKey } } }"));
    expect(jobs.nodes).not.toContainEqual({ idempotencyKey: "none" });
  });

  test.each([
    ["an integer past 2^53", "{ n: 9007199254740993 }", ["payload", "n"]],
    ["a number past all numbers", "{ n: [1e400] }", ["payload", "n", "0"]],
    ["digits past those of a double", "{ n: 0.1234567890123456789 }", ["payload", "n"]],
    ["U+0000 by its escape", '{ t: "\\u0000" }', ["payload", "t"]],
  ])("finds %s in a payload that stands in the document, too", async (_what, payload, path) => {
    const document = `mutation { submitJob(input: { type: "anything", payload: ${payload} }) {
      __typename ... on UserError { path } } }`;
    expect(await api.data(document)).toEqual({
      submitJob: { __typename: "InvalidInputError", path },
    });
  });

  test("takes a payload that stands in the document, with variables and __proto__ inside", async () => {
    const document = `mutation ($n: Int) { submitJob(input: { type: "anything", payload:
      { __proto__: { n: $n }, list: [1, -2.5e3, true, null, "t"], block: """b""" } }) {
      ... on SubmitJobPayload { job { payload } } } }`;
    const { submitJob } = Object(await api.data(document, { n: 3 }));
    expect(JSON.stringify(submitJob.job.payload)).toBe(
      JSON.stringify({ list: [1, -2500, true, null, "t"], block: "b", ["__proto__"]: { n: 3 } }),
    );
  });

  test("refuses a word without quotes in a payload, and a variable that is no number", async () => {
    const word =
      'mutation { submitJob(input: { type: "anything", payload: { a: WORD } }) { __typename } }';
    expect(await api.problems(word)).toEqual(["BAD_USER_INPUT"]);
    expect(await api.problems(SUBMIT, { input: { type: "anything", timeoutMs: 1.5 } })).toEqual([
      "BAD_USER_INPUT",
    ]);
    expect(await api.problems(SUBMIT, { input: { type: "anything", timeoutMs: 2 ** 53 } })).toEqual(
      ["BAD_USER_INPUT"],
    );
  });

  test.each([
    "2026-02-30T00:00:00Z",
    "2026-01-01",
    "tomorrow",
    "2026-01-01T24:00:00Z",
    1_700_000_000,
  ])("refuses the date %s", async (scheduledAt) => {
    const input = { type: "anything", scheduledAt };
    expect(await api.problems(SUBMIT, { input })).toEqual(["BAD_USER_INPUT"]);
  });

  test.each(['scheduledAt: "tomorrow"', "scheduledAt: 17", "timeoutMs: 1.5", "payload: WORD"])(
    "says where in the document %s is",
    (field) => {
      const text = `mutation { submitJob(input: { type: "anything", ${field} }) { __typename } }`;
      const value = field.slice(field.indexOf(" ") + 1);
      const errors = validate(api.schema, parse(text));
      expect(errors.map((error) => error.toJSON())).toMatchObject([
        {
          locations: [{ line: 1, column: text.indexOf(value) + 1 }],
          extensions: { code: "BAD_USER_INPUT" },
        },
      ]);
    },
  );

  test("takes a date with any offset and answers it in UTC", async () => {
    const document = `mutation { submitJob(input: { type: "anything",
      scheduledAt: "2999-12-31T23:30:00.1234+02:30" }) { ... on SubmitJobPayload {
      job { scheduledAt status } } } }`;
    expect(await api.data(document)).toEqual({
      submitJob: { job: { scheduledAt: "2999-12-31T21:00:00.123Z", status: "SCHEDULED" } },
    });
  });

  test("finds the job of an idempotency key again, and refuses other input", async () => {
    const input = { type: "anything", payload: { a: 1 }, idempotencyKey: "order 7" };
    const first = Object(await submit(input)).submitJob;
    expect(Object(await submit({ ...input, priority: 0 })).submitJob).toEqual({
      ...first,
      created: false,
    });
    expect(await submit({ ...input, priority: 1 })).toMatchObject({
      submitJob: {
        __typename: "IdempotencyKeyReusedError",
        code: "IDEMPOTENCY_KEY_REUSED",
        path: ["idempotencyKey"],
        existingJob: { id: first.job.id },
      },
    });
  });

  test("makes one job of 50 submits of one key at once", async () => {
    const input = { type: "anything", idempotencyKey: "at once" };
    const all = await Promise.all(Array.from({ length: 50 }, () => submit(input)));
    const answers = all.map((answer) => Object(answer).submitJob);
    expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
  });
});

describeWithPostgres("submitJobs", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  const submitMany = (jobs: unknown, policy?: string) =>
    api.data(SUBMIT_MANY, { input: { jobs, ...(policy && { policy }) } });
  const total = async () => Object(await api.data("{ stats { total } }")).stats.total;

  test("rejects all for one bad job unless told otherwise, and says which", async () => {
    const jobs = [{ type: "anything" }, { type: "no" }, { type: "reverse_string", payload: {} }];
    expect(await submitMany(jobs)).toEqual({
      submitJobs: {
        __typename: "BatchRejectedError",
        code: "BATCH_REJECTED",
        message: "2 of 3 jobs were rejected, so none was stored",
        path: ["jobs"],
        rejected: [
          {
            index: 1,
            error: { __typename: "UnknownJobTypeError", code: "UNKNOWN_JOB_TYPE", path: ["type"] },
          },
          {
            index: 2,
            error: {
              __typename: "InvalidInputError",
              code: "INVALID_INPUT",
              path: ["payload", "text"],
            },
          },
        ],
      },
    });
    expect(await total()).toBe(0);
  });

  test("keeps the good ones with REJECT_FAILED, each answer in its place", async () => {
    const jobs = [
      { type: "no" },
      { type: "anything", name: "a" },
      { type: "anything", priority: 1e6 },
    ];
    expect(await submitMany(jobs, "REJECT_FAILED")).toEqual({
      submitJobs: {
        __typename: "SubmitJobsPayload",
        submittedCount: 1,
        failedCount: 2,
        results: [
          { __typename: "UnknownJobTypeError", path: ["type"] },
          {
            __typename: "SubmitJobPayload",
            created: true,
            job: { id: expect.any(String), name: "a" },
          },
          { __typename: "InvalidInputError", path: ["priority"] },
        ],
      },
    });
  });

  test("takes one job for a key that comes twice", async () => {
    const before = await total();
    const keyed = { type: "anything", idempotencyKey: "k" };
    const { submitJobs } = Object(await submitMany([keyed, keyed]));
    expect(submitJobs.results.map(({ created }: { created: boolean }) => created)).toEqual([
      true,
      false,
    ]);
    expect(submitJobs.results[0].job.id).toBe(submitJobs.results[1].job.id);
    expect(await total()).toBe(before + 1);
  });

  test("refuses 10,001 jobs as data, and a job that is null as a malformed request", async () => {
    const many = Array.from({ length: 10_001 }, () => ({ type: "anything" }));
    expect(await submitMany(many, "REJECT_FAILED")).toMatchObject({
      submitJobs: { __typename: "InvalidInputError", path: ["jobs"], issues: [{ path: ["jobs"] }] },
    });
    const [problem] = await api.problems(SUBMIT_MANY, {
      input: { jobs: [{ type: "anything" }, null] },
    });
    expect(problem).toContain("jobs[1]");
  });

  test("takes an empty list", async () => {
    expect(await submitMany([])).toMatchObject({
      submitJobs: { submittedCount: 0, failedCount: 0, results: [] },
    });
  });
});
