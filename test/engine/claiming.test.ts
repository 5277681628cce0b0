import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { claimJobs } from "../../src/store/claim-jobs.ts";
import { releaseClaims } from "../../src/store/rescue-jobs.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { registerTestInstance } from "../support/test-instance.ts";
import { executorOf, Held, quick } from "./executors.ts";
import { flood } from "./flood.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

describeWithPostgres("the engine", () => {
  it("starts a scheduled job when its time has come, not before", async () => {
    await stage.startEngine([quick("quick")], { pollIntervalMs: 10_000 });
    const dueAtMs = Date.now() + 1_500;
    const [{ id, status }] = await stage.submit({ type: "quick", scheduledAtMs: dueAtMs });
    stage.bus.wake({ dueAtMs });
    expect(status).toBe("SCHEDULED");
    const job = await stage.ended(id);
    expect(job.startedAtMs ?? 0).toBeGreaterThanOrEqual(dueAtMs);
  });

  it("prefers higher priority, then earlier submits, across lanes", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor], { workerThreads: [1] });
    const [blocker] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const [a0, b5, a5, c] = await stage.submit(
      { type: "held", queue: "a", priority: 0 },
      { type: "held", queue: "b", priority: 5 },
      { type: "held", queue: "a", priority: 5 },
      { type: "held", queue: "c", priority: -1 },
    );
    for (let count = 2; count <= 5; count += 1) {
      held.release();
      await held.whenStarted(count);
    }
    expect(held.started).toEqual([blocker, b5, a5, a0, c].map(({ id }) => id));
    held.release();
  });

  it("never runs more threads than a worker has, and a job that wants too many runs on one", async () => {
    const wide = new Held("wide");
    await stage.startEngine([wide.executor], { workerThreads: [4] });
    const [first, second, third] = await stage.submit(
      { type: "wide", threads: 3 },
      { type: "wide", threads: 3 },
      { type: "wide", threads: 64 },
    );
    await wide.whenStarted(2);
    expect(wide.started.toSorted()).toEqual([first.id, third.id].toSorted());
    const running = await stage.until(third.id, (job) => job.status === "RUNNING");
    expect(running.threads).toBe(1);
    wide.release(first.id);
    await wide.whenStarted(3);
    expect(wide.started).toContain(second.id);
    wide.releaseAll();
  });

  it("lets a wide job through on a worker that narrow ones keep busy", async () => {
    const narrow = flood(stage, "narrow", 20);
    const wide = new Held("wide");
    await stage.startEngine([narrow.executor, wide.executor], { workerThreads: [2] });
    await narrow.start(8);
    await stage.submit({ type: "wide", threads: 2 });
    await wide.whenStarted(1);
    narrow.ebb();
    wide.release();
  });

  it("claims large jobs without their payloads, which are read as they start", async () => {
    const text = "x".repeat(300_000);
    const seen: number[] = [];
    const large = executorOf("large", (payload) => {
      seen.push(String(payload.text).length);
      return null;
    });
    const jobs = await stage.submit(
      ...Array.from({ length: 60 }, () => ({ type: "large", payload: JSON.stringify({ text }) })),
    );
    const lanes = [...stage.lanes.all()].map((lane) => ({ lane, threads: 1, from: LANE_START }));
    const { id: instance } = await registerTestInstance(stage.db);
    const claim = { lanes, limit: 10, instance, worker: 1, token: randomUUID() };
    const claimed = await claimJobs(stage.db, claim);
    expect(claimed.jobs.map(({ payload }) => payload)).toEqual(Array(10).fill(null));
    await releaseClaims(stage.db, instance, claimed.jobs);
    await stage.startEngine([large]);
    for (const { id } of jobs) expect((await stage.ended(id)).status).toBe("COMPLETED");
    expect(seen).toEqual(Array(60).fill(text.length));
  });

  it("serves only its queues", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor], { queues: ["mine"] });
    const [theirs, mine] = await stage.submit(
      { type: "held", queue: "theirs" },
      { type: "held", queue: "mine" },
    );
    await held.whenStarted(1);
    expect(held.started).toEqual([mine.id]);
    expect((await stage.job(theirs.id)).status).toBe("PENDING");
    held.release();
  });
});
