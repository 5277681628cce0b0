import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { executorOf } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

describeWithPostgres("a job of low priority under a flood of high ones", () => {
  it.each([
    ["of its own lane", "default"],
    ["of another lane", "other"],
  ])("%s starts once it has waited for the bound, not before", async (_which, queue) => {
    const state = { running: true };
    // Each job submits the next one of its kind.
    const type = executorOf("busy", async (_payload, { jobId }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (state.running && jobId !== low) await stage.submit({ type: "busy", priority: 9 });
      return null;
    });
    let low = "";
    const flood = Array.from({ length: 30 }, () => ({ type: "busy", priority: 9 }));
    await stage.submit(...flood);
    [{ id: low }] = await stage.submit({ type: "busy", queue, priority: 0 });
    await stage.startEngine([type], { workerThreads: [2], priorityWaitMs: 1_000, leaseMs: 60_000 });
    const job = await stage.ended(low);
    state.running = false;
    // Poll and bound are 0.2 s and 1 s here; the rest is for a machine that has other things to do.
    expect(job.queueTimeMs).toBeGreaterThanOrEqual(1_000);
    expect(job.queueTimeMs).toBeLessThan(2_500);
    expect(job).toMatchObject({ status: "COMPLETED", priority: 0, version: 3 });
  });
});
