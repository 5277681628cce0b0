import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { defineExecutor } from "../../src/executors/define-executor.ts";
import { readAttempts } from "../../src/store/read-attempts.ts";
import { sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { held, quick, TestFleet } from "./test-fleet.ts";

const many = (count: number, type: string) => Array.from({ length: count }, () => ({ type }));

describeWithPostgres("jobs that lost an attempt with an instance", () => {
  let fleet: TestFleet;
  beforeEach(async () => {
    fleet = await TestFleet.create();
  });
  afterEach(() => fleet.close());

  it("run one at a time on an instance, with ordinary jobs beside them", async () => {
    const [killer, plain] = [held("killer"), held("plain")];
    const jobs = await fleet.submitSuspects(...many(3, "killer"));
    await fleet.submit(...many(2, "plain"));
    await fleet.start([killer.executor, plain.executor], { workerThreads: [2, 2] });
    await Promise.all([killer.whenStarted(1), plain.whenStarted(2)]);
    for (let done = 1; done <= 3; done += 1) {
      // The fourth thread is free, and goes to an ordinary job.
      await fleet.submit({ type: "plain" });
      await plain.whenStarted(2 + done);
      expect(killer.started).toHaveLength(done);
      plain.releases.shift()?.();
      killer.releases.shift()?.();
      if (done < 3) await killer.whenStarted(done + 1);
    }
    plain.open();
    for (const { id } of jobs) {
      expect(await fleet.ended(id)).toMatchObject({ status: "COMPLETED", attempt: 2 });
    }
    expect(killer.state.most).toBe(1);
    const attempts = await readAttempts(fleet.db, [jobs[0]?.id ?? ""]);
    expect(attempts.get(jobs[0]?.id ?? "")?.map(({ outcome }) => outcome)).toEqual([
      "COMPLETED",
      "LOST",
    ]);
  });

  it("have nothing read ahead beside them", async () => {
    const killer = held("killer");
    const slow = held("mixed");
    const mood = { isFast: true };
    const mixed = defineExecutor({
      type: "mixed",
      description: "is fast at first, so that it is read ahead",
      payload: z.looseObject({}),
      run: (payload, context) => (mood.isFast ? null : slow.executor.run(payload, context)),
    });
    await fleet.start([killer.executor, mixed], { workerThreads: [2], pollIntervalMs: 60_000 });
    const warm = await fleet.submit(...many(300, "mixed"));
    for (const { id } of warm) await fleet.ended(id);
    mood.isFast = false;
    const before = await fleet.submitSuspects({ type: "killer" });
    await killer.whenStarted(1);
    await fleet.submit(...many(30, "mixed"));
    const ahead = sql("select from vinyasa.running_jobs where job_id <> all($1::uuid[])");
    for (let done = 1; done <= 5; done += 1) {
      await slow.whenStarted(done);
      const started = [...killer.started, ...slow.started];
      expect(await fleet.db.query(ahead, [started])).toEqual([]);
      slow.releases.shift()?.();
    }
    killer.open();
    slow.open();
    for (const { id } of before) await fleet.ended(id);
  });

  it("and ordinary jobs take turns where there is one thread for both", async () => {
    const order: string[] = [];
    await fleet.submitSuspects(...many(10, "killer"));
    const plain = await fleet.submit(...many(10, "plain"));
    const executors = [quick("killer", order).executor, quick("plain", order).executor];
    await fleet.start(executors, { workerThreads: [1] });
    for (const { id } of plain) await fleet.ended(id);
    const whilePlainWaited = order.slice(0, order.lastIndexOf("plain") + 1);
    expect(whilePlainWaited.join(" ")).not.toContain("killer killer");
    expect(whilePlainWaited.filter((type) => type === "killer").length).toBeGreaterThanOrEqual(9);
  });

  it("get a thread, or as many as they asked for, where fast jobs keep all of them busy", async () => {
    const [killer, order] = [held("killer"), [] as string[]];
    const jobs = await fleet.submitSuspects({ type: "killer" }, { type: "killer", threads: 2 });
    let running = true;
    const fast = defineExecutor({
      type: "fast",
      description: "brings the next one",
      payload: z.looseObject({}),
      run: async () => {
        order.push("fast");
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (running) void fleet.submit({ type: "fast" });
        return null;
      },
    });
    await fleet.submit(...many(50, "fast"));
    killer.open();
    await fleet.start([killer.executor, fast], { workerThreads: [2] });
    for (const { id } of jobs) await fleet.ended(id);
    running = false;
    expect(killer.state.most).toBe(1);
    expect(order.length).toBeGreaterThan(0);
  });

  it("keep no threads while another one runs, however many they ask for", async () => {
    const [killer, plain] = [held("killer"), held("plain")];
    await fleet.submitSuspects({ type: "killer", threads: 2 }, { type: "killer", threads: 2 });
    await fleet.start([killer.executor, plain.executor], { workerThreads: [2, 2] });
    await killer.whenStarted(1);
    await fleet.submit({ type: "plain" });
    await plain.whenStarted(1);
    // Longer than the scheduler takes to see that a wide job waits for the rest of that worker.
    const until = performance.now() + 1_000;
    for (let count = 2; performance.now() < until; count += 1) {
      await fleet.submit({ type: "plain" });
      await plain.whenStarted(count);
      plain.releases.pop()?.();
    }
    expect(killer.started).toHaveLength(1);
    killer.open();
    plain.open();
    await killer.whenStarted(2);
  });

  it("run side by side on several instances, one on each", async () => {
    const killer = held("killer");
    const jobs = await fleet.submitSuspects(...many(4, "killer"));
    await Promise.all([fleet.start([killer.executor]), fleet.start([killer.executor])]);
    await killer.whenStarted(2);
    expect(killer.state.running).toBe(2);
    killer.open();
    for (const { id } of jobs) await fleet.ended(id);
    expect(killer.state.most).toBe(2);
  });
});
