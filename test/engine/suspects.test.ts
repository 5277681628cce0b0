import { afterEach, beforeEach, expect, it } from "vitest";
import { sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { Held, quick } from "./executors.ts";
import { flood } from "./flood.ts";
import { submitSuspects } from "./ghost.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

const many = (count: number, type: string) => Array.from({ length: count }, () => ({ type }));

describeWithPostgres("jobs that lost an attempt with an instance", () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await openStage();
  });
  afterEach(() => stage.close());

  it("run one at a time on an instance, with ordinary jobs beside them", async () => {
    const [killer, plain] = [new Held("killer"), new Held("plain")];
    const jobs = await submitSuspects(stage, ...many(3, "killer"));
    await stage.submit(...many(2, "plain"));
    await stage.startEngine([killer.executor, plain.executor], { workerThreads: [2, 2] });
    await Promise.all([killer.whenStarted(1), plain.whenStarted(2)]);
    for (let done = 1; done <= 3; done += 1) {
      // The fourth thread is free, and goes to an ordinary job.
      await stage.submit({ type: "plain" });
      await plain.whenStarted(2 + done);
      expect(killer.started).toHaveLength(done);
      plain.release();
      killer.release();
      if (done < 3) await killer.whenStarted(done + 1);
    }
    plain.letGo();
    for (const { id } of jobs) {
      expect(await stage.ended(id)).toMatchObject({ status: "COMPLETED", attempt: 2 });
    }
    expect(killer.most).toBe(1);
    const attempts = await stage.attempts(jobs[0]?.id ?? "");
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["COMPLETED", "LOST"]);
  });

  it("have nothing read ahead beside them", async () => {
    const killer = new Held("killer");
    const mixed = new Held("mixed");
    const executors = [killer.executor, mixed.executor];
    await stage.startEngine(executors, { workerThreads: [2], pollIntervalMs: 60_000 });
    await mixed.seemFast(stage);
    const before = await submitSuspects(stage, { type: "killer" });
    await killer.whenStarted(1);
    await stage.submit(...many(30, "mixed"));
    const ahead = sql("select from vinyasa.running_jobs where job_id <> all($1::uuid[])");
    for (let done = 1; done <= 5; done += 1) {
      await mixed.whenStarted(done);
      const started = [...killer.started, ...mixed.started];
      expect(await stage.db.query(ahead, [started])).toEqual([]);
      mixed.release();
    }
    killer.letGo();
    mixed.letGo();
    for (const { id } of before) await stage.ended(id);
  });

  it("and ordinary jobs take turns where there is one thread for both", async () => {
    const order: string[] = [];
    await submitSuspects(stage, ...many(10, "killer"));
    const plain = await stage.submit(...many(10, "plain"));
    const executors = [quick("killer", order), quick("plain", order)];
    await stage.startEngine(executors, { workerThreads: [1] });
    for (const { id } of plain) await stage.ended(id);
    const whilePlainWaited = order.slice(0, order.lastIndexOf("plain") + 1);
    expect(whilePlainWaited.join(" ")).not.toContain("killer killer");
    expect(whilePlainWaited.filter((type) => type === "killer").length).toBeGreaterThanOrEqual(9);
  });

  it("get a thread, or as many as they asked for, where fast jobs keep all of them busy", async () => {
    const killer = new Held("killer");
    const jobs = await submitSuspects(stage, { type: "killer" }, { type: "killer", threads: 2 });
    const fast = flood(stage, "fast", 5);
    await fast.start(50);
    killer.letGo();
    await stage.startEngine([killer.executor, fast.executor], { workerThreads: [2] });
    for (const { id } of jobs) await stage.ended(id);
    fast.ebb();
    expect(killer.most).toBe(1);
    expect(fast.started).toBeGreaterThan(0);
  });

  it("keep no threads while another one runs, however many they ask for", async () => {
    const [killer, plain] = [new Held("killer"), new Held("plain")];
    await submitSuspects(stage, { type: "killer", threads: 2 }, { type: "killer", threads: 2 });
    await stage.startEngine([killer.executor, plain.executor], { workerThreads: [2, 2] });
    await killer.whenStarted(1);
    await stage.submit({ type: "plain" });
    await plain.whenStarted(1);
    // Longer than the scheduler takes to see that a wide job waits for the rest of that worker.
    const until = performance.now() + 1_000;
    for (let count = 2; performance.now() < until; count += 1) {
      await stage.submit({ type: "plain" });
      await plain.whenStarted(count);
      plain.release(plain.started.at(-1));
    }
    expect(killer.started).toHaveLength(1);
    killer.letGo();
    plain.letGo();
    await killer.whenStarted(2);
  });

  it("run side by side on several instances, one on each", async () => {
    const killer = new Held("killer");
    const jobs = await submitSuspects(stage, ...many(4, "killer"));
    await Promise.all([stage.startEngine([killer.executor]), stage.startEngine([killer.executor])]);
    await killer.whenStarted(2);
    expect(killer.running).toBe(2);
    killer.letGo();
    for (const { id } of jobs) await stage.ended(id);
    expect(killer.most).toBe(2);
  });
});
