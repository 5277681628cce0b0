import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { defineExecutor } from "../../src/executors/define-executor.ts";
import { NonRetryableError, PostponeError } from "../../src/executors/errors.ts";
import { readResults } from "../../src/store/read-results.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { executorOf, Held } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

describeWithPostgres("the engine", () => {
  it("runs a submitted job and keeps its result", async () => {
    const double = defineExecutor({
      type: "double",
      description: "doubles",
      payload: z.object({ n: z.number() }),
      run: ({ n }) => ({ doubled: 2 * n }),
    });
    await stage.startEngine([double]);
    const [{ id }] = await stage.submit({ type: "double", payload: '{"n":21}' });
    const job = await stage.ended(id);
    expect(job).toMatchObject({ status: "COMPLETED", attempt: 1, attemptsLeft: 2, version: 3 });
    expect((await readResults(stage.db, [id])).get(id)).toEqual({ doubled: 42 });
  });

  it("tries a failing job again after its back-off, and keeps each error", async () => {
    const flaky = executorOf("flaky", (_payload, { attempt }) => {
      if (attempt < 3) throw new Error(`not yet ${attempt}`);
      return attempt;
    });
    await stage.startEngine([flaky]);
    const [{ id }] = await stage.submit({ type: "flaky" });
    const job = await stage.ended(id);
    expect(job).toMatchObject({ status: "COMPLETED", attempt: 3, attemptsLeft: 0 });
    const attempts = await stage.attempts(id);
    expect(attempts.map((a) => [a.number, a.outcome, a.error?.message ?? null])).toEqual([
      [3, "COMPLETED", null],
      [2, "FAILED", "not yet 2"],
      [1, "FAILED", "not yet 1"],
    ]);
    const [third, second, first] = attempts;
    const waits = [
      (second?.startedAtMs ?? 0) - (first?.finishedAtMs ?? 0),
      (third?.startedAtMs ?? 0) - (second?.finishedAtMs ?? 0),
    ];
    expect(waits[0]).toBeGreaterThanOrEqual(19);
    expect(waits[1]).toBeGreaterThanOrEqual(39);
  });

  it("fails a job when its attempts are spent, or when no retry can mend it", async () => {
    const broken = executorOf("broken", ({ fatal }) => {
      throw fatal === true ? new NonRetryableError("for good") : new Error("once more");
    });
    await stage.startEngine([broken]);
    const [spent, fatal] = await stage.submit(
      { type: "broken", maxAttempts: 2 },
      { type: "broken", payload: '{"fatal":true}' },
    );
    expect(await stage.ended(spent.id)).toMatchObject({ status: "FAILED", attempt: 2 });
    expect(await stage.ended(fatal.id)).toMatchObject({ status: "FAILED", attempt: 1 });
  });

  it("survives whatever an executor throws", async () => {
    const things = [undefined, null, 0, "text\u0000with NUL", Object.create(null), Symbol("x")];
    const odd = executorOf("odd", ({ index }) => {
      throw things[Number(index)];
    });
    await stage.startEngine([odd]);
    const jobs = await stage.submit(
      ...things.map((_, index) => ({
        type: "odd",
        payload: JSON.stringify({ index }),
        maxAttempts: 1,
      })),
    );
    for (const { id } of jobs) expect((await stage.ended(id)).status).toBe("FAILED");
  });

  it("times a job out at its deadline and tells it to stop", async () => {
    const slow = new Held("slow");
    await stage.startEngine([slow.executor]);
    const [{ id }] = await stage.submit({ type: "slow", timeoutMs: 50, maxAttempts: 1 });
    await slow.whenStarted(1);
    const job = await stage.ended(id);
    expect(job.status).toBe("FAILED");
    expect(slow.runs[0]?.signal.aborted).toBe(true);
    const [attempt] = await stage.attempts(id);
    expect(attempt).toMatchObject({ outcome: "TIMED_OUT", error: { code: "TIMED_OUT" } });
  });

  it("postpones without spending an attempt", async () => {
    const patient = executorOf("patient", (_payload, { attempt }) => {
      if (attempt === 1) throw new PostponeError(10);
      return "done";
    });
    await stage.startEngine([patient]);
    const [{ id }] = await stage.submit({ type: "patient", maxAttempts: 1 });
    expect(await stage.ended(id)).toMatchObject({ status: "COMPLETED", attempt: 2 });
    const attempts = await stage.attempts(id);
    expect(attempts.map((attempt) => attempt.outcome)).toEqual(["COMPLETED", "POSTPONED"]);
  });
});
