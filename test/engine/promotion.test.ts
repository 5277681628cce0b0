import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { quick } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await stage.close();
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
    await stage.startEngine([quick("quick")], { pollIntervalMs: 60_000, leaseMs: 60_000 });
    const [warm] = await stage.submit({ type: "quick" });
    await stage.ended(warm.id);
    const dueAtMs = trueNow() + 700;
    const [{ id }] = await stage.submit({ type: "quick", scheduledAtMs: dueAtMs });
    stage.bus.wake({ dueAtMs });
    const { startedAtMs } = await stage.ended(id);
    expect(startedAtMs).toBeGreaterThanOrEqual(dueAtMs);
    expect(startedAtMs).toBeLessThan(dueAtMs + 1_000);
  });
});
