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

  it("says at its end how many jobs ran, ended in time, and were given back", async () => {
    const held = new Held("held");
    const { log, lines } = keptLog();
    const engine = await stage.startEngine([held.executor], { log, workerThreads: [2, 1] });
    const jobs = await stage.submit({ type: "held" }, { type: "held" }, { type: "held" });
    await held.whenStarted(3);
    const stopped = engine.stop(500);
    held.release();
    await stopped;
    const [line, ...more] = lines("workers drained");
    expect(line).toMatchObject({ level: 30, running: 3, finished: 1, givenBack: 2, notStarted: 0 });
    expect(more).toEqual([]);
    const statuses = await Promise.all(jobs.map(async ({ id }) => (await stage.job(id)).status));
    expect(statuses.toSorted()).toEqual(["COMPLETED", "PENDING", "PENDING"]);
  });
});
