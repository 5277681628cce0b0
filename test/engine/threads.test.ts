import { afterEach, beforeEach, expect, it } from "vitest";
import type { WorkerSpec } from "../../src/store/read-fleet.ts";
import { sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { registerTestInstance } from "../support/test-instance.ts";
import { executorOf, Held } from "./executors.ts";
import { flood } from "./flood.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

/** Another instance, of this worker. */
async function registerWorker(worker: WorkerSpec): Promise<number> {
  return (await registerTestInstance(stage.db, [worker])).id;
}

describeWithPostgres("a job that asks for several threads", () => {
  it("waits for the instance whose worker can give them", async () => {
    const small = new Held("wide");
    await stage.startEngine([small.executor], { workerThreads: [2] });
    await registerWorker({ threads: 6, queues: [] });
    await stage.whenPolled(1);
    const [{ id }] = await stage.submit({ type: "wide", threads: 6 });
    await stage.whenPolled(1);
    expect(small.started).toEqual([]);
    const large = new Held("wide");
    await stage.startEngine([large.executor], { workerThreads: [6] });
    await large.whenStarted(id);
    expect(await stage.job(id)).toMatchObject({ status: "RUNNING", threads: 6 });
    large.releaseAll();
    await stage.ended(id);
    expect(small.started).toEqual([]);
  });

  it("runs on one thread once the last worker that could give them is gone", async () => {
    const held = new Held("wide");
    await stage.startEngine([held.executor], {
      workerThreads: [2],
      leaseMs: 5_000,
    });
    const large = await registerWorker({ threads: 6, queues: [] });
    await stage.whenPolled(1);
    const [{ id }] = await stage.submit({ type: "wide", threads: 6 });
    expect((await stage.job(id)).status).toBe("PENDING");
    await stage.db.query(sql("update vinyasa.instances set ended_at = now() where id = $1"), [
      large,
    ]);
    await held.whenStarted(id);
    expect((await stage.job(id)).threads).toBe(1);
    held.releaseAll();
  });

  it.each([
    [
      "whose worker drains",
      { threads: 6, queues: [] },
      "update vinyasa.instances set draining = true where id = $1",
    ],
    ["that serves other queues", { threads: 6, queues: ["other"] }, null],
    ["that does not know its type", { threads: 6, queues: [], types: ["other"] }, null],
    [
      "that has been silent for longer than the lease",
      { threads: 6, queues: [] },
      "update vinyasa.instances set beat_at = beat_at - interval '1 hour' where id = $1",
    ],
  ])("does not wait for an instance %s", async (_which, worker, statement) => {
    const id = await registerWorker(worker);
    if (statement !== null) await stage.db.query(sql(statement), [id]);
    const held = new Held("wide");
    await stage.startEngine([held.executor], { workerThreads: [2] });
    const [job] = await stage.submit({ type: "wide", threads: 6 });
    await held.whenStarted(job.id);
    expect((await stage.job(job.id)).threads).toBe(1);
    held.releaseAll();
  });

  it("waits for an instance of an older version, which does not say what types it knows", async () => {
    await registerWorker({ threads: 6, queues: ["default"] });
    const held = new Held("wide");
    await stage.startEngine([held.executor], {
      workerThreads: [2],
      leaseMs: 60_000,
    });
    const [{ id }] = await stage.submit({ type: "wide", threads: 6 });
    await stage.whenPolled(1);
    expect((await stage.job(id)).status).toBe("PENDING");
  });

  it("keeps what it has when a larger worker appears, and the next one waits for that", async () => {
    const held = new Held("wide");
    await stage.startEngine([held.executor], {
      workerThreads: [2],
      leaseMs: 60_000,
    });
    const [first] = await stage.submit({ type: "wide", threads: 6 });
    await held.whenStarted(first.id);
    await registerWorker({ threads: 6, queues: [] });
    await stage.whenPolled(1);
    const [second] = await stage.submit({ type: "wide", threads: 6 });
    await stage.whenPolled(1);
    expect(await stage.job(first.id)).toMatchObject({ status: "RUNNING", threads: 1, attempt: 1 });
    expect((await stage.job(second.id)).status).toBe("PENDING");
    held.releaseAll();
    expect(await stage.ended(first.id)).toMatchObject({ status: "COMPLETED", attempt: 1 });
  });

  it("gets one if its type is not parallelizable, wherever there are more", async () => {
    await registerWorker({ threads: 6, queues: [] });
    const held = new Held("narrow", { parallelizable: false });
    await stage.startEngine([held.executor], { workerThreads: [8] });
    const [{ id }] = await stage.submit({ type: "narrow", threads: 6 });
    await held.whenStarted(id);
    expect((await stage.job(id)).threads).toBe(1);
    held.releaseAll();
  });
});

/** A parallelizable type that takes a few milliseconds, and notes the order of its jobs. */
function wideType(type: string) {
  const order: string[] = [];
  const executor = executorOf(type, async (_payload, { jobId }) => {
    order.push(jobId);
    await new Promise((resolve) => setTimeout(resolve, 10));
    return null;
  });
  return { executor, order };
}

describeWithPostgres("jobs of several threads among a flood of one-thread jobs", () => {
  it("of two lanes on one worker all run, and so do the others", async () => {
    const narrow = flood(stage, "narrow", 10);
    const wide = wideType("wide");
    await stage.startEngine([narrow.executor, wide.executor], { workerThreads: [4] });
    await narrow.start(20);
    const jobs = await stage.submit(
      ...Array.from({ length: 10 }, (_, index) => ({ type: "wide", threads: 3 + (index % 2) })),
    );
    for (const { id } of jobs) expect((await stage.ended(id)).status).toBe("COMPLETED");
    expect(wide.order.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
    const before = narrow.started;
    const [last] = await stage.submit({ type: "narrow" });
    await stage.ended(last.id);
    expect(narrow.started).toBeGreaterThan(before);
    narrow.ebb();
  });

  it("run on several instances with workers of several sizes", async () => {
    const narrow = flood(stage, "narrow", 10);
    const wide = wideType("wide");
    const start = (...workerThreads: number[]) =>
      stage.startEngine([narrow.executor, wide.executor], { workerThreads, leaseMs: 60_000 });
    await Promise.all([start(2, 4), start(1), start(8)]);
    // Each has seen the others.
    await stage.whenPolled(6);
    await narrow.start(60);
    const demands = [2, 4, 8, 8, 4, 2, 8, 1, 3, 5];
    const jobs = await stage.submit(...demands.map((threads) => ({ type: "wide", threads })));
    const records = [];
    for (const { id } of jobs) records.push(await stage.ended(id));
    expect(records.map(({ status }) => status)).toEqual(demands.map(() => "COMPLETED"));
    expect(records.map(({ threads }) => threads)).toEqual(demands);
    narrow.ebb();
  });

  it("leave the threads that they do not need to others, however many wait before them", async () => {
    const wide = new Held("wide");
    const narrow = new Held("narrow");
    await stage.startEngine([narrow.executor, wide.executor], { workerThreads: [4] });
    const jobs = await stage.submit(
      { type: "wide", threads: 3, priority: 9 },
      { type: "wide", threads: 3, priority: 9 },
      { type: "wide", threads: 3, priority: 9 },
    );
    await wide.whenStarted(1);
    const [first, second] = await stage.submit({ type: "narrow" }, { type: "narrow" });
    await narrow.whenStarted(first.id);
    expect(narrow.started).toEqual([first.id]);
    wide.release();
    // Its turn, with the first narrow job still there: the second one did not take the threads.
    await wide.whenStarted(2);
    expect(narrow.started).toEqual([first.id]);
    expect(wide.threadsInUse + narrow.threadsInUse).toBe(4);
    narrow.release(first.id);
    await narrow.whenStarted(second.id);
    expect(jobs.map(({ id }) => id)).toContain(wide.started[1]);
    wide.releaseAll();
    narrow.releaseAll();
    await wide.whenStarted(3);
    wide.releaseAll();
  });
});
