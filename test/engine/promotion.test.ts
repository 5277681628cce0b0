import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";
import { defineExecutor } from "../../src/executors/define-executor.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { ended, Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await stage.close();
});

const quick = defineExecutor({
  type: "quick",
  description: "does nothing",
  payload: z.looseObject({}),
  run: () => null,
});

describeWithPostgres("a job that is scheduled", () => {
  it.each([
    ["", 0],
    [" although this machine's clock is an hour behind the database's", -3_600_000],
    [" although this machine's clock is an hour ahead of the database's", 3_600_000],
  ])("starts within a second of its time, and not before%s", async (_which, skewMs) => {
    const trueNow = Date.now.bind(Date);
    vi.spyOn(Date, "now").mockImplementation(() => trueNow() + skewMs);
    // Neither poll helps: the promoter must know the moment.
    await stage.startEngine([quick], { pollIntervalMs: 60_000, leaseMs: 60_000 });
    await stage.until((await stage.submitOne({ type: "quick" })).id, ended);
    const dueAtMs = trueNow() + 700;
    const { id } = await stage.submitOne({ type: "quick", scheduledAtMs: dueAtMs });
    stage.bus.wake({ dueAtMs });
    const { startedAtMs } = await stage.until(id, ended);
    expect(startedAtMs).toBeGreaterThanOrEqual(dueAtMs);
    expect(startedAtMs).toBeLessThan(dueAtMs + 1_000);
  });
});
