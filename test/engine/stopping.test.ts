import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { Held } from "./executors.ts";
import { keptLog } from "./kept-log.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

describeWithPostgres("the engine", () => {
  it("gives running jobs back at the end of the grace time, without spending an attempt", async () => {
    const held = new Held("held");
    const engine = await stage.startEngine([held.executor]);
    const [{ id }] = await stage.submit({ type: "held", maxAttempts: 1 });
    await held.whenStarted(1);
    await engine.stop(10);
    expect(held.runs[0]?.signal.aborted).toBe(true);
    const job = await stage.job(id);
    expect(job).toMatchObject({ status: "PENDING", attempt: 1, attemptsLeft: 1 });
    const [attempt] = await stage.attempts(id);
    expect(attempt?.outcome).toBe("RELEASED");
  });

  it("waits for running jobs within the grace time, and says so", async () => {
    const held = new Held("held");
    const { log, lines } = keptLog();
    const engine = await stage.startEngine([held.executor], { log });
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const stopped = engine.stop(20_000);
    await expect.poll(() => lines("waiting for running jobs to end")).toHaveLength(1);
    const [line] = lines("waiting for running jobs to end");
    expect(line).toMatchObject({ level: 30, running: 1, graceMs: 20_000 });
    expect(line?.msg).toContain("a second signal stops at once");
    held.release();
    await stopped;
    expect((await stage.job(id)).status).toBe("COMPLETED");
  });
});
