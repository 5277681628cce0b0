import { afterEach, beforeEach, expect, it } from "vitest";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { sql } from "../store/statements.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { EngineBench, executorOf, heldExecutor, silentLog } from "./engine-bench.ts";

describeWithPostgres("progress", () => {
  let bench: EngineBench;

  beforeEach(async () => {
    const { url } = await createTestDatabase();
    bench = new EngineBench(
      await openPostgres({ url, poolMax: 8, role: "engine", log: silentLog }),
    );
  });

  afterEach(() => bench.close());

  it("is seen by readers and watchers while the job runs, with rising versions", async () => {
    const { executor, runs, started } = heldExecutor("held");
    await bench.startEngine([executor]);
    const events = await bench.record();
    const id = await bench.submit({ type: "held" });
    await started(1);
    runs[0]?.context.progress(0.25);
    const job = await bench.until(id, ({ progress }) => progress === 0.25);
    expect(job).toMatchObject({ status: "RUNNING", version: 3 });
    runs[0]?.context.progress(0.5);
    await bench.until(id, ({ progress }) => progress === 0.5);
    runs[0]?.resolve(null);
    expect(await bench.untilEnded(id)).toMatchObject({ status: "COMPLETED", version: 5 });
    expect(events.map(({ status, version, progress }) => [status, version, progress])).toEqual([
      ["RUNNING", 2, null],
      ["RUNNING", 3, 0.25],
      ["RUNNING", 4, 0.5],
      ["COMPLETED", 5, null],
    ]);
    expect(events[1]?.atMs).toBe(job.updatedAtMs);
  });

  it("reaches the database at most twice a second, and the newest value does", async () => {
    const { executor, runs, started } = heldExecutor("held");
    await bench.startEngine([executor]);
    const id = await bench.submit({ type: "held" });
    await started(1);
    const startedAt = performance.now();
    let fraction = 0;
    while (fraction < 1) {
      fraction = Math.min(1, fraction + 0.01);
      runs[0]?.context.progress(fraction);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const { version } = await bench.until(id, ({ progress }) => progress === 1);
    const writes = version - 2;
    const halfSeconds = (performance.now() - startedAt) / 500;
    expect(writes).toBeGreaterThan(1);
    expect(writes).toBeLessThanOrEqual(Math.floor(halfSeconds) + 1);
    runs[0]?.resolve(null);
    await bench.untilEnded(id);
  });

  it("moves values outside of 0 to 1 to the nearer end, and refuses what is no number", async () => {
    const refused: unknown[] = [];
    const { executor, runs, started } = heldExecutor("held");
    await bench.startEngine([executor]);
    const id = await bench.submit({ type: "held" });
    await started(1);
    const report = runs[0]?.context.progress;
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "0.5", undefined, {}]) {
      expect(() => report?.(value as number)).toThrow(TypeError);
      refused.push(value);
    }
    report?.(7);
    await bench.until(id, ({ progress }) => progress === 1);
    report?.(-1);
    await bench.until(id, ({ progress }) => progress === 0);
    expect(refused).toHaveLength(5);
    runs[0]?.resolve(null);
  });

  it("of an ended run is dropped", async () => {
    let late = (_fraction: number) => {};
    const quick = executorOf("quick", (_payload, { progress }) => {
      late = progress;
      progress(0.1);
      return null;
    });
    const engine = await bench.startEngine([quick]);
    const id = await bench.submit({ type: "quick" });
    const { version } = await bench.untilEnded(id);
    late(0.9);
    expect(version).toBeLessThanOrEqual(4);
    expect(await bench.read(id)).toMatchObject({ status: "COMPLETED", version, progress: null });
    expect(engine.staleWrites).toBe(0);
  });

  it("is not in the event log", async () => {
    const { executor, runs, started } = heldExecutor("held");
    await bench.startEngine([executor]);
    const id = await bench.submit({ type: "held" });
    await started(1);
    runs[0]?.context.progress(0.5);
    await bench.until(id, ({ progress }) => progress === 0.5);
    runs[0]?.resolve(null);
    await bench.untilEnded(id);
    const logged = await bench.db.query<{ versions: number[] }>(
      sql(`select versions from vinyasa.job_events where job_ids = array[$1::uuid] order by seq`),
      [id],
    );
    expect(logged.flatMap(({ versions }) => versions).toSorted()).toEqual([1, 2, 4]);
  });

  it("of a job that was taken away stops the run, and is counted", async () => {
    const { executor, runs, started } = heldExecutor("held");
    const engine = await bench.startEngine([executor], { workerThreads: [1] });
    const id = await bench.submit({ type: "held" });
    await started(1);
    const aborted = new Promise((resolve) => {
      runs[0]?.signal.addEventListener("abort", resolve);
    });
    const steal =
      "update vinyasa.running_jobs set token = gen_random_uuid() where job_id = $1::uuid";
    await bench.db.query(sql(steal), [id]);
    runs[0]?.context.progress(0.5);
    await aborted;
    expect(engine.staleWrites).toBe(1);
    expect((await bench.read(id)).progress).toBeNull();
    // Its thread is free again.
    await bench.submit({ type: "held" });
    await started(2);
    runs[1]?.resolve(null);
  });
});
