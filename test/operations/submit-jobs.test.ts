import { afterAll, beforeAll, expect, test } from "vitest";
import type { WakeUp } from "../../src/events/bus.ts";
import type { SubmitJobInput } from "../../src/operations/submit-input.ts";
import type { SubmitJobsResult } from "../../src/operations/submit-jobs.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

const good = (name: string): SubmitJobInput => ({ type: "letter", payload: { to: "Ada" }, name });

function stored(result: SubmitJobsResult) {
  if (result.kind !== "SUBMITTED_JOBS") throw new Error(`it was ${JSON.stringify(result)}`);
  return result;
}

function rejected(result: SubmitJobsResult) {
  if (result.kind !== "BATCH_REJECTED") throw new Error(`it was ${JSON.stringify(result)}`);
  return result.rejected.map(({ index, error }) => [index, error.kind]);
}

describeWithPostgres("submitJobs", () => {
  let store: TestStore;

  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(() => store.close());

  test("answers each job in its place, in one order for ids and places", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `job ${index}`);
    const { results, submittedCount, failedCount } = stored(
      await store.operations.submitJobs(names.map(good), "REJECT_ALL"),
    );
    const jobs = results.flatMap((result) => (result.kind === "SUBMITTED" ? [result.job] : []));
    expect(jobs.map(({ name }) => name)).toEqual(names);
    expect(jobs.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id).toSorted());
    expect([submittedCount, failedCount]).toEqual([100, 0]);
  });

  test("takes an empty list for what it is", async () => {
    const empty = { kind: "SUBMITTED_JOBS", results: [], submittedCount: 0, failedCount: 0 };
    expect(await store.operations.submitJobs([], "REJECT_ALL")).toEqual(empty);
    expect(await store.operations.submitJobs([], "REJECT_FAILED")).toEqual(empty);
  });

  test("takes 10,000 jobs, and not one more", async () => {
    const { operations } = store;
    const before = await store.countJobs();
    const jobs = Array.from({ length: 10_001 }, () => ({ type: "anything" }));
    expect(await operations.submitJobs(jobs, "REJECT_FAILED")).toEqual({
      kind: "INVALID_INPUT",
      message: expect.stringContaining("10000"),
      path: ["jobs"],
      issues: [{ message: expect.stringContaining("10001"), path: ["jobs"] }],
    });
    expect(await store.countJobs()).toBe(before);
    expect(stored(await operations.submitJobs(jobs.slice(1), "REJECT_ALL")).submittedCount).toBe(
      10_000,
    );
    expect(await store.countJobs()).toBe(before + 10_000);
  });

  test("with REJECT_ALL stores nothing if one is bad, and names every bad one", async () => {
    const before = await store.countJobs();
    const jobs = [
      good("a"),
      { type: "nonsense" },
      good("b"),
      { type: "letter", payload: { to: 1 } },
    ];
    const result = await store.operations.submitJobs(jobs, "REJECT_ALL");
    expect(rejected(result)).toEqual([
      [1, "UNKNOWN_JOB_TYPE"],
      [3, "INVALID_INPUT"],
    ]);
    expect(await store.countJobs()).toBe(before);
  });

  test("with REJECT_FAILED stores the good ones, each answer in its place", async () => {
    const before = await store.countJobs();
    const jobs = [{ type: "nonsense" }, good("a"), { type: "letter", payload: {} }, good("b")];
    const result = stored(await store.operations.submitJobs(jobs, "REJECT_FAILED"));
    expect(result.results.map(({ kind }) => kind)).toEqual([
      "UNKNOWN_JOB_TYPE",
      "SUBMITTED",
      "INVALID_INPUT",
      "SUBMITTED",
    ]);
    expect([result.submittedCount, result.failedCount]).toEqual([2, 2]);
    expect(await store.countJobs()).toBe(before + 2);
  });

  test("with REJECT_FAILED and nothing good stores nothing", async () => {
    const result = stored(await store.operations.submitJobs([{ type: "no" }], "REJECT_FAILED"));
    expect([result.submittedCount, result.failedCount]).toEqual([0, 1]);
  });

  test("takes a key that comes twice with the same input for one job", async () => {
    const before = await store.countJobs();
    const keyed = { ...good("twice"), idempotencyKey: "twice" };
    const { results } = stored(
      await store.operations.submitJobs([keyed, good("between"), keyed], "REJECT_ALL"),
    );
    expect(results.map((result) => result.kind === "SUBMITTED" && result.created)).toEqual([
      true,
      true,
      false,
    ]);
    expect(results[2]).toMatchObject({
      job: { id: results[0]?.kind === "SUBMITTED" && results[0].job.id },
    });
    expect(await store.countJobs()).toBe(before + 2);
  });

  test("refuses a key that comes again with other input: all of them, or that one", async () => {
    const before = await store.countJobs();
    const jobs = [
      { ...good("first"), idempotencyKey: "split" },
      good("free"),
      { ...good("second"), idempotencyKey: "split" },
    ];
    const all = await store.operations.submitJobs(jobs, "REJECT_ALL");
    expect(rejected(all)).toEqual([[2, "IDEMPOTENCY_KEY_REUSED"]]);
    expect(await store.countJobs()).toBe(before);
    const { results } = stored(await store.operations.submitJobs(jobs, "REJECT_FAILED"));
    const [first, , second] = results;
    if (first?.kind !== "SUBMITTED" || second?.kind !== "IDEMPOTENCY_KEY_REUSED")
      throw new Error("not so");
    expect(second.existingJob.id).toBe(first.job.id);
    expect(await store.countJobs()).toBe(before + 2);
  });

  test("finds the jobs of earlier keys, and compares each later input with what is stored", async () => {
    const keyed = { ...good("kept"), idempotencyKey: "kept" };
    const first = await store.operations.submitJob(keyed);
    if (first.kind !== "SUBMITTED") throw new Error("not stored");
    const jobs = [{ ...keyed, name: "other" }, keyed, { ...keyed, name: "third" }, good("new")];
    const { results } = stored(await store.operations.submitJobs(jobs, "REJECT_FAILED"));
    expect(results.slice(0, 3)).toMatchObject([
      { kind: "IDEMPOTENCY_KEY_REUSED", existingJob: { id: first.job.id } },
      { kind: "SUBMITTED", created: false, job: { id: first.job.id } },
      { kind: "IDEMPOTENCY_KEY_REUSED", existingJob: { id: first.job.id } },
    ]);
  });

  test("in two lists with the same keys in opposite order ends, with one job a key", async () => {
    const before = await store.countJobs();
    const jobs = Array.from({ length: 200 }, (_, index) => ({
      ...good("crossed"),
      idempotencyKey: `crossed ${index}`,
    }));
    const lists = [jobs, jobs.toReversed(), jobs, jobs.toReversed()];
    const all = await Promise.all(
      lists.map((list) => store.operations.submitJobs(list, "REJECT_ALL")),
    );
    const created = all
      .flatMap((result) => stored(result).results)
      .filter((result) => result.kind === "SUBMITTED" && result.created);
    expect(created).toHaveLength(200);
    expect(await store.countJobs()).toBe(before + 200);
  });

  test("tells nobody of what it undid, and wakes each lane once", async () => {
    const wakes: WakeUp[] = [];
    const unsubscribe = store.bus.onWake((wake) => wakes.push(wake));
    const key = { idempotencyKey: "undone" };
    await store.operations.submitJobs(
      [
        { ...good("a"), ...key },
        { ...good("b"), ...key },
      ],
      "REJECT_ALL",
    );
    expect(wakes).toEqual([]);
    const at = new Date(Date.now() + 60_000);
    const jobs = [
      good("a"),
      good("b"),
      { ...good("c"), queue: "other" },
      { ...good("d"), scheduledAt: at },
    ];
    await store.operations.submitJobs(jobs, "REJECT_ALL");
    unsubscribe();
    expect(wakes).toHaveLength(1);
    expect(wakes[0]?.lanes).toHaveLength(2);
    expect(wakes[0]?.dueAtMs).toBe(at.getTime());
  });
});
