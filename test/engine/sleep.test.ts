import { afterEach, beforeEach, expect, it } from "vitest";
import type { ExecutorContext } from "../../src/executors/define-executor.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { executorOf } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

describeWithPostgres("a pause of a run", () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
  });

  afterEach(() => stage.close());

  it("is over after its time", async () => {
    const sleeper = executorOf("sleeper", async (_payload, { sleep }) => {
      const startedAt = performance.now();
      await sleep(20);
      return { ms: performance.now() - startedAt };
    });
    await stage.startEngine([sleeper]);
    const [{ id }] = await stage.submit({ type: "sleeper" });
    expect(await stage.ended(id)).toMatchObject({ status: "COMPLETED" });
  });

  it("ends with the signal's reason when the job is cancelled", async () => {
    let caught: unknown;
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const sleeper = executorOf("sleeper", async (_payload, { sleep, signal }) => {
      begun();
      try {
        await sleep(Number.POSITIVE_INFINITY);
      } catch (error) {
        caught = error;
        expect(error).toBe(signal.reason);
        throw error;
      }
    });
    await stage.startEngine([sleeper]);
    const [{ id }] = await stage.submit({ type: "sleeper" });
    await hasBegun;
    await stage.operations.cancelJob({ id, reason: "enough" });
    expect(await stage.ended(id)).toMatchObject({ status: "CANCELLED" });
    expect(String(caught)).toMatch(/cancel/);
  });

  it("that nobody awaits ends with the run, and afterwards none begins", async () => {
    let pause: Promise<void> | undefined;
    let again: ExecutorContext["sleep"] | undefined;
    const careless = executorOf("careless", (_payload, { sleep }) => {
      pause = sleep(3_600_000);
      pause.catch(() => {});
      again = sleep;
      return null;
    });
    await stage.startEngine([careless]);
    const [{ id }] = await stage.submit({ type: "careless" });
    await stage.ended(id);
    await expect(pause).rejects.toThrow("the run has ended");
    await expect(again?.(1)).rejects.toThrow("the run has ended");
  });

  it("of no length, or of what is no number", async () => {
    const sleeper = executorOf("sleeper", async (_payload, { sleep }) => {
      await sleep(-5);
      await sleep(0);
      await sleep(Number.NaN);
    });
    await stage.startEngine([sleeper]);
    const [{ id }] = await stage.submit({ type: "sleeper", maxAttempts: 1 });
    expect(await stage.ended(id)).toMatchObject({ status: "FAILED" });
    const [attempt] = await stage.attempts(id);
    expect(attempt?.error?.message).toBe("sleep() needs a number of milliseconds");
  });
});
