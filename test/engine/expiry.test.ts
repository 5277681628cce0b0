import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { Held } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

describeWithPostgres("the engine", () => {
  it("cancels a job that was not started before it expired", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor]);
    const [{ id }] = await stage.submit({ type: "held", expiresAtMs: Date.now() - 1 });
    expect(await stage.ended(id)).toMatchObject({ status: "CANCELLED", attempt: 0 });
    expect(held.started).toEqual([]);
  });

  it("starts nothing that expired while it was read ahead, and gives the rest back in time", async () => {
    const mixed = new Held("mixed");
    await stage.startEngine([mixed.executor], { workerThreads: [1], pollIntervalMs: 60_000 });
    await mixed.seemFast(stage);
    const expiresAtMs = Date.now() + 2_000;
    const expiring = Array.from({ length: 20 }, () => ({ type: "mixed", expiresAtMs }));
    const [last, ...jobs] = (await stage.submit(...expiring, { type: "mixed" })).toReversed();
    await mixed.whenStarted(1);
    // Read ahead for a thread that does not come free: given back, and so open to other instances.
    const id = last?.id ?? "";
    const waiting = await stage.until(id, (job) => job.status === "PENDING" && job.attempt !== 0);
    expect(waiting.attemptsLeft).toBe(3);
    for (const job of jobs.slice(0, -1)) {
      const state = await stage.ended(job.id);
      expect([state.status, mixed.started.includes(job.id)]).toEqual(["CANCELLED", false]);
    }
    mixed.release();
    await mixed.whenStarted(2);
    expect(mixed.started[1]).toBe(id);
    mixed.release();
  });

  it("cancels an expired job also where nobody comes to claim it", async () => {
    await stage.startEngine([]);
    const [{ id }] = await stage.submit({ type: "unknown", expiresAtMs: Date.now() + 50 });
    expect((await stage.ended(id)).status).toBe("CANCELLED");
  });
});
