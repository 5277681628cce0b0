import { afterEach, beforeEach, expect, it } from "vitest";
import { sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { executorOf, Held } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

describeWithPostgres("progress", () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
  });

  afterEach(() => stage.close());

  it("is seen by readers and watchers while the job runs, with rising versions", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor]);
    const events = await stage.record();
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    held.runs[0]?.context.progress(0.25);
    const job = await stage.until(id, ({ progress }) => progress === 0.25);
    expect(job).toMatchObject({ status: "RUNNING", version: 3 });
    held.runs[0]?.context.progress(0.5);
    await stage.until(id, ({ progress }) => progress === 0.5);
    held.release();
    expect(await stage.ended(id)).toMatchObject({ status: "COMPLETED", version: 5 });
    expect(events.map(({ status, version, progress }) => [status, version, progress])).toEqual([
      ["RUNNING", 2, null],
      ["RUNNING", 3, 0.25],
      ["RUNNING", 4, 0.5],
      ["COMPLETED", 5, null],
    ]);
    expect(events[1]?.atMs).toBe(job.updatedAtMs);
  });

  it("reaches the database at most twice a second, and the newest value does", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor]);
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const startedAt = performance.now();
    let fraction = 0;
    while (fraction < 1) {
      fraction = Math.min(1, fraction + 0.01);
      held.runs[0]?.context.progress(fraction);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const { version } = await stage.until(id, ({ progress }) => progress === 1);
    const writes = version - 2;
    const halfSeconds = (performance.now() - startedAt) / 500;
    expect(writes).toBeGreaterThan(1);
    expect(writes).toBeLessThanOrEqual(Math.floor(halfSeconds) + 1);
    held.release();
    await stage.ended(id);
  });

  it("moves values outside of 0 to 1 to the nearer end, and refuses what is no number", async () => {
    const refused: unknown[] = [];
    const held = new Held("held");
    await stage.startEngine([held.executor]);
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const report = held.runs[0]?.context.progress;
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "0.5", undefined, {}]) {
      expect(() => report?.(value as number)).toThrow(TypeError);
      refused.push(value);
    }
    report?.(7);
    await stage.until(id, ({ progress }) => progress === 1);
    report?.(-1);
    await stage.until(id, ({ progress }) => progress === 0);
    expect(refused).toHaveLength(5);
    held.release();
  });

  it("of an ended run is dropped", async () => {
    let late = (_fraction: number) => {};
    const quick = executorOf("quick", (_payload, { progress }) => {
      late = progress;
      progress(0.1);
      return null;
    });
    const engine = await stage.startEngine([quick]);
    const [{ id }] = await stage.submit({ type: "quick" });
    const { version } = await stage.ended(id);
    late(0.9);
    expect(version).toBeLessThanOrEqual(4);
    expect(await stage.job(id)).toMatchObject({ status: "COMPLETED", version, progress: null });
    expect(engine.staleWrites).toBe(0);
  });

  it("is not in the event log", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor]);
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    held.runs[0]?.context.progress(0.5);
    await stage.until(id, ({ progress }) => progress === 0.5);
    held.release();
    await stage.ended(id);
    const logged = await stage.db.query<{ versions: number[] }>(
      sql(`select versions from vinyasa.job_events where job_ids = array[$1::uuid] order by seq`),
      [id],
    );
    expect(logged.flatMap(({ versions }) => versions).toSorted()).toEqual([1, 2, 4]);
  });

  it("of a job that was taken away stops the run, and is counted", async () => {
    const held = new Held("held");
    const engine = await stage.startEngine([held.executor], { workerThreads: [1] });
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const aborted = new Promise((resolve) => {
      held.runs[0]?.signal.addEventListener("abort", resolve);
    });
    const steal =
      "update vinyasa.running_jobs set token = gen_random_uuid() where job_id = $1::uuid";
    await stage.db.query(sql(steal), [id]);
    held.runs[0]?.context.progress(0.5);
    await aborted;
    expect(engine.staleWrites).toBe(1);
    expect((await stage.job(id)).progress).toBeNull();
    // Its thread is free again.
    await stage.submit({ type: "held" });
    await held.whenStarted(2);
    held.runs[1]?.resolve(null);
  });
});
