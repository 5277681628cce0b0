import { afterEach, beforeEach, expect, it } from "vitest";
import type { Executor, ExecutorContext } from "../../src/executors/define-executor.ts";
import { largeArraySum } from "../../src/executors/large-array-sum.ts";
import { readArtifactHead } from "../../src/store/read-artifacts.ts";
import { readResults } from "../../src/store/read-results.ts";
import * as types from "../executors/threads/thread-types.ts";
import { sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { executorOf } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

async function resultOf(id: string): Promise<unknown> {
  await stage.ended(id);
  return (await readResults(stage.db, [id])).get(id);
}

/** Resolves once a run of it has reported its progress, and so is in its thread. */
const inItsThread = (id: string) => stage.until(id, ({ progress }) => progress !== null);

const start = (executors: readonly Executor[], threads = 2) =>
  stage.startEngine(executors, { workerThreads: [threads] });

describeWithPostgres("a CPU-bound job", () => {
  it("runs apart from the event loop, on the threads that it was granted", async () => {
    await start([types.whereabouts, types.sharing], 3);
    const [first, second] = await stage.submit(
      { type: "whereabouts", payload: '{"large":false}' },
      { type: "sharing", payload: '{"chunks":12}', threads: 3 },
    );
    expect(await resultOf(first.id)).toMatchObject({
      ...{ jobId: first.id, attempt: 1, threads: 1, payload: { large: false } },
    });
    const { threads } = (await resultOf(second.id)) as { threads: number };
    expect(threads).toBeGreaterThan(1);
    expect(threads).toBeLessThanOrEqual(3);
  });

  it("gets a payload of megabytes as it was sent", async () => {
    await start([largeArraySum]);
    const numbers = Array.from({ length: 600_000 }, (_, index) => index);
    const payload = JSON.stringify({ numbers });
    const [{ id }] = await stage.submit({ type: "large_array_sum", payload, threads: 2 });
    expect(await resultOf(id)).toEqual({ sum: 179_999_700_000, chunks: 2 });
  });

  it("that does nothing but compute is ended at its timeout, and others run on", async () => {
    await start([types.stuck, types.whereabouts]);
    const stuck = { type: "stuck", timeoutMs: 1_500, maxAttempts: 1 };
    const [one, two, after] = await stage.submit(stuck, stuck, { type: "whereabouts" });
    for (const { id } of [one, two]) {
      expect(await stage.ended(id)).toMatchObject({ status: "FAILED" });
      const [attempt] = await stage.attempts(id);
      expect(attempt).toMatchObject({ outcome: "TIMED_OUT", error: { code: "TIMED_OUT" } });
    }
    expect(await resultOf(after.id)).toMatchObject({ attempt: 1 });
  });

  it("stops at once when it is cancelled, whether it listens or not", async () => {
    await start([types.stuck, types.listening]);
    const jobs = await stage.submit({ type: "stuck" }, { type: "listening" });
    for (const { id } of jobs) {
      await inItsThread(id);
      await stage.operations.cancelJob({ id, reason: null });
      expect(await stage.ended(id)).toMatchObject({ status: "CANCELLED" });
    }
  });

  it("is given back by a stop, without an attempt spent", async () => {
    const engine = await start([types.stuck]);
    const [{ id }] = await stage.submit({ type: "stuck" });
    await inItsThread(id);
    await engine.stop(0);
    expect(await stage.job(id)).toMatchObject({ status: "PENDING", attemptsLeft: 3 });
  });

  it("whose thread dies has failed its attempt, says why, and is tried again", async () => {
    await start([types.exiting]);
    const [{ id }] = await stage.submit({ type: "exiting", maxAttempts: 2 });
    expect(await stage.ended(id)).toMatchObject({ status: "FAILED", attempt: 2 });
    for (const { outcome, error } of await stage.attempts(id)) {
      expect({ outcome, code: error?.code }).toEqual({ outcome: "FAILED", code: "THREAD_ENDED" });
    }
  });
});

describeWithPostgres("a job's files", () => {
  const PNG = { contentType: "image/png" };

  it("are kept with its result, whether it ran in a thread or not", async () => {
    const here = executorOf("here", (_payload, { artifact }) => artifact(new Uint8Array(5), PNG));
    await start([here, types.leaving]);
    const [one, two] = await stage.submit({ type: "here" }, { type: "leaving" });
    expect(await resultOf(one.id)).toEqual({ url: `/artifacts/${one.id}/1`, bytes: 5 });
    await stage.ended(two.id);
    const heads = [one, two].map(({ id: jobId }) =>
      readArtifactHead(stage.db, { jobId, number: 1 }),
    );
    expect(await Promise.all(heads)).toEqual([
      { contentType: "image/png", bytes: 5 },
      { contentType: "text/plain", bytes: 3 },
    ]);
  });

  it("of attempts that failed are nowhere", async () => {
    const flaky = executorOf("flaky", (_payload, { artifact, attempt }) => {
      const stored = artifact(new Uint8Array(attempt), PNG);
      if (attempt === 1) throw new Error("not yet");
      return stored;
    });
    await start([flaky]);
    const [{ id }] = await stage.submit({ type: "flaky" });
    expect(await resultOf(id)).toMatchObject({ bytes: 2 });
    const rows = await stage.db.query(
      sql("select number, octet_length(bytes) as bytes from vinyasa.artifacts"),
    );
    expect(rows).toEqual([{ number: 1, bytes: 2 }]);
  });

  const TOO_MUCH: [string, (context: ExecutorContext) => unknown, string | null][] = [
    ["too large", (c) => c.artifact(new Uint8Array(11 * 1024 * 1024), PNG), "ARTIFACT_TOO_LARGE"],
    [
      "too many",
      (c) =>
        "x"
          .repeat(17)
          .split("")
          .map(() => c.artifact(new Uint8Array(1), PNG)),
      "TOO_MANY_ARTIFACTS",
    ],
    ["of no type", (c) => c.artifact(new Uint8Array(1), { contentType: "a\r\nb: c" }), null],
  ];

  it.each(TOO_MUCH)(
    "that are %s fail the attempt with a word about it",
    async (_name, leave, code) => {
      await start([executorOf("leaves", (_payload, context) => leave(context))]);
      const [{ id }] = await stage.submit({ type: "leaves", maxAttempts: 1 });
      expect(await stage.ended(id)).toMatchObject({ status: "FAILED" });
      const [attempt] = await stage.attempts(id);
      expect(attempt?.error?.code ?? null).toBe(code);
      expect(attempt?.error?.message).toMatch(/artifact/);
    },
  );
});
