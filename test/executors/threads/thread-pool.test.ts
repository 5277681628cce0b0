import { threadId } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import type { Executor, ExecutorContext } from "../../../src/executors/define-executor.ts";
import type { JobAnswer } from "../../../src/executors/threads/messages.ts";
import { ThreadPool } from "../../../src/executors/threads/thread-pool.ts";
import { contextWith, JOB_ID, silentLog } from "../running.ts";
import * as types from "./thread-types.ts";

let pool: ThreadPool;

afterEach(() => pool.close());

function open(threads: number, heapMbMax = 256): void {
  pool = new ThreadPool({ threads, heapMbMax, log: silentLog });
}

function run(
  executor: Executor,
  payload: unknown = {},
  parts: Partial<ExecutorContext> = {},
): Promise<JobAnswer> {
  return pool.runJob(executor, JSON.stringify(payload), contextWith(parts));
}

async function resultOf(executor: Executor, payload?: unknown, parts?: Partial<ExecutorContext>) {
  const { outcome } = await run(executor, payload, parts);
  if (outcome.kind !== "COMPLETED") throw new Error(`not completed: ${JSON.stringify(outcome)}`);
  return JSON.parse(outcome.result);
}

async function failureOf(executor: Executor, payload?: unknown, parts?: Partial<ExecutorContext>) {
  const { outcome } = await run(executor, payload, parts);
  if (outcome.kind !== "FAILED") throw new Error(`not failed: ${JSON.stringify(outcome)}`);
  return { ...outcome.error, retryAfterMs: outcome.retryAfterMs };
}

/** A run that says when it has begun, and can be aborted. */
function begin(executor: Executor, parts: Partial<ExecutorContext> = {}) {
  const abort = new AbortController();
  let answer = Promise.resolve<JobAnswer | null>(null);
  const started = new Promise<void>((resolve) => {
    answer = run(executor, {}, { ...parts, signal: abort.signal, progress: () => resolve() });
  });
  return { abort, started, answer };
}

describe("a CPU-bound job type", () => {
  it("runs in a thread, with its payload and what it is told of its attempt", async () => {
    open(1);
    const payload = { text: "wide \u{1f600}", list: [1, null] };
    const seen = await resultOf(types.whereabouts, payload, { attempt: 4, threads: 1 });
    expect(seen).toMatchObject({ payload, jobId: JOB_ID, attempt: 4, threads: 1 });
    expect(seen.threadId).not.toBe(threadId);
  });

  it("starts no thread before its first job, and keeps it for the next", async () => {
    open(2);
    expect(await pool.countThreads()).toBe(0);
    const first = await resultOf(types.whereabouts);
    const second = await resultOf(types.whereabouts);
    expect(second.threadId).toBe(first.threadId);
    expect(await pool.countThreads()).toBe(1);
  });

  it("never has more threads than the workers together, however many jobs there are", async () => {
    open(2);
    const seen = await Promise.all(Array.from({ length: 8 }, () => resultOf(types.whereabouts)));
    expect(new Set(seen.map((each) => each.threadId)).size).toBeLessThanOrEqual(2);
    expect(await pool.countThreads()).toBeLessThanOrEqual(2);
  });

  it("that is made by a function gets its settings in the thread", async () => {
    open(1);
    expect(await resultOf(types.greeter({ greeting: "hello" }))).toBe("hello");
  });

  it("whose payload or result does not fit fails as anywhere else", async () => {
    open(1);
    expect(await failureOf(types.whereabouts, [])).toMatchObject({
      code: "INVALID_PAYLOAD",
      retryable: false,
    });
    expect(await failureOf(types.unstorable)).toMatchObject({
      code: "RESULT_NOT_STORABLE",
      retryable: false,
    });
  });

  it("whose module cannot be loaded says which and why", async () => {
    open(1);
    const { code, message } = await failureOf(types.misplaced);
    expect(code).toBe("EXECUTOR_NOT_LOADED");
    expect(message).toMatch(/no-such-module\.ts cannot be loaded in a thread: .*(not find|ENOENT)/);
  });

  it("says with its errors what it says on the event loop", async () => {
    open(1);
    expect(await failureOf(types.throwing, { kind: "final" })).toMatchObject({
      message: "final: the reason: below it",
      code: "FINAL",
      retryable: false,
      stack: expect.stringContaining("thread-types.ts"),
    });
    expect(await failureOf(types.throwing, { kind: "later" })).toMatchObject({
      ...{ message: "later", code: "LATER", retryable: true, retryAfterMs: 1_234 },
    });
    expect(await failureOf(types.throwing)).toMatchObject({ code: "PLAIN", retryable: true });
    const { outcome } = await run(types.throwing, { kind: "postponed" });
    expect(outcome).toEqual({ kind: "POSTPONED", delayMs: 2_345 });
  });

  it("leaves artifacts as they were when it handed them over", async () => {
    open(1);
    const { outcome, artifacts } = await run(types.leaving);
    expect(JSON.parse(outcome.kind === "COMPLETED" ? outcome.result : "null")).toEqual({
      first: { url: `/artifacts/${JOB_ID}/1`, bytes: 3 },
      second: { url: `/artifacts/${JOB_ID}/2`, bytes: 3 },
    });
    expect(artifacts).toEqual([
      { number: 1, contentType: "text/plain", bytes: new Uint8Array([1, 2, 3]) },
      { number: 2, contentType: "image/png", bytes: new Uint8Array([9, 9, 9]) },
    ]);
  });
});

describe("a job that is told to stop", () => {
  it("hears it in its thread, which goes on to the next job", async () => {
    open(1);
    const { abort, started, answer } = begin(types.listening);
    await started;
    abort.abort(new Error("cancelled by a test"));
    expect((await answer)?.outcome).toMatchObject({
      error: { message: "heard: cancelled by a test" },
    });
    expect(await pool.countThreads()).toBe(1);
    await resultOf(types.whereabouts);
  });

  it("loses its thread if it does not listen, and the next job gets a new one", async () => {
    open(1);
    const { threadId: before } = await resultOf(types.whereabouts);
    const { abort, started, answer } = begin(types.stuck);
    await started;
    const next = resultOf(types.whereabouts);
    abort.abort(new Error("enough"));
    expect((await answer)?.outcome).toMatchObject({ kind: "FAILED", error: { message: "enough" } });
    expect((await next).threadId).not.toBe(before);
  });

  it("is not run at all if its turn had not come", async () => {
    open(1);
    const first = begin(types.listening);
    await first.started;
    const second = begin(types.stuck);
    second.abort.abort(new Error("never mind"));
    expect((await second.answer)?.outcome).toMatchObject({ error: { message: "never mind" } });
    first.abort.abort(new Error("done"));
    await first.answer;
    await resultOf(types.whereabouts);
  });

  it("has all of its threads ended, where it computes on several", async () => {
    open(3);
    const { abort, started, answer } = begin(types.stuckPart, { threads: 3 });
    await started;
    abort.abort(new Error("enough"));
    expect((await answer)?.outcome).toMatchObject({ error: { message: "enough" } });
    const seen = await Promise.all([1, 2, 3].map(() => resultOf(types.whereabouts)));
    expect(seen).toHaveLength(3);
  });
});

describe("a thread that dies", () => {
  it.each([
    ["process.exit", types.exiting, "THREAD_ENDED", /ended in the middle, with exit code 3/],
    ["an error that nobody catches", types.failingLater, null, /^thrown where nobody catches$/],
    ["want of memory", types.hoarding, "OUT_OF_MEMORY", /out of memory: a thread gets 40 MB/],
  ])(
    "of %s fails the attempt, which may be tried again, and no other",
    async (_name, executor, code, message) => {
      open(1, 40);
      const failed = failureOf(executor);
      const next = resultOf(types.whereabouts);
      expect(await failed).toMatchObject({
        ...{ code, retryable: true, message: expect.stringMatching(message) },
      });
      await next;
    },
  );
});

describe("parallel", () => {
  it("has the chunks done by all threads granted, and keeps their order", async () => {
    open(3);
    const answer = await resultOf(types.sharing, { chunks: 24 }, { threads: 3 });
    const places = Array.from({ length: 24 }, (_, place) => place);
    expect(answer).toMatchObject({ places, done: 24 });
    expect(answer.threads).toBeGreaterThan(1);
    expect(answer.threads).toBeLessThanOrEqual(3);
  });

  it("stays in its own thread where one is granted", async () => {
    open(3);
    expect(await resultOf(types.sharing, { chunks: 4 })).toMatchObject({ done: 4, threads: 1 });
    expect(await pool.countThreads()).toBe(1);
  });

  it("of nothing is nothing", async () => {
    open(2);
    const answer = await resultOf(types.sharing, { chunks: 0 }, { threads: 2 });
    expect(answer).toMatchObject({ places: [], done: 0 });
  });

  it("fails with what a part throws, wherever that ran", async () => {
    open(2);
    for (const failAt of [0, 1, 2, 3]) {
      const failed = failureOf(types.sharing, { chunks: 4, failAt }, { threads: 2 });
      expect(await failed).toMatchObject({
        ...{ message: `part ${failAt} failed`, code: "PART", retryAfterMs: 50 },
        stack: expect.stringContaining("thread-types.ts"),
      });
    }
  });

  it("refuses a function that other threads could not find", async () => {
    open(2);
    const { message } = await failureOf(types.wrongPart, {}, { threads: 2 });
    expect(message).toMatch(/parallel\(\) needs a function that .*thread-types\.ts exports/);
  });
});

it("what a thread said before its answer is heard before it", async () => {
  open(1);
  const seen: number[] = [];
  await run(types.whereabouts);
  for (let round = 0; round < 20; round += 1) {
    await run(types.hasty, {}, { progress: (fraction) => seen.push(fraction) });
    expect(seen.length).toBe(round + 1);
  }
});
