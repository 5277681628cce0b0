import { afterEach, beforeEach, expect, it } from "vitest";
import type { EngineOptions } from "../../src/engine/engine-options.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { PostponeError } from "../../src/executors/errors.ts";
import { createCancelJob } from "../../src/operations/cancel-job.ts";
import { findStrayCancels, readCancellations } from "../../src/store/cancellations.ts";
import type { Database } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { EngineBench, executorOf, heldExecutor, silentLog } from "./engine-bench.ts";

/** What is promised, with the poll alone. */
const DELIVERED_WITHIN_MS = 1_000;

describeWithPostgres("a cancel of a running job", () => {
  let bench: EngineBench;
  let heartbeatDb: Database;

  beforeEach(async () => {
    const { url } = await createTestDatabase();
    bench = new EngineBench(
      await openPostgres({ url, poolMax: 8, role: "engine", log: silentLog }),
    );
    heartbeatDb = await openPostgres({ url, poolMax: 1, role: "heartbeat", log: silentLog });
  });

  afterEach(async () => {
    await bench.close();
    await heartbeatDb.close();
  });

  /** As from an instance whose bus reaches nobody: Redis is down. */
  const cancelUnheard = (id: string, reason?: string) =>
    createCancelJob({ db: bench.db, bus: new InProcessBus(silentLog) })({ id, reason });

  it("aborts its signal with the reason, and ends it as CANCELLED", async () => {
    const { executor, runs, started } = heldExecutor("held");
    await bench.startEngine([executor], { heartbeatDb });
    const id = await bench.submit({ type: "held" });
    await started(1);
    const events = await bench.record();
    const answer = await bench.operations.cancelJob({ id, reason: "no longer wanted" });
    expect(answer).toMatchObject({ kind: "CANCELLED", job: { status: "RUNNING", version: 3 } });
    const job = await bench.untilEnded(id);
    expect(job).toMatchObject({ status: "CANCELLED", attempt: 1, version: 4 });
    expect(runs[0]?.signal.reason).toMatchObject({ message: "cancelled: no longer wanted" });
    const [attempt] = await bench.attempts(id);
    expect(attempt).toMatchObject({ outcome: "CANCELLED", error: null });
    expect(events.map(({ status, version }) => [status, version])).toEqual([
      ["RUNNING", 3],
      ["CANCELLED", 4],
    ]);
  });

  it("arrives within a second where no message does, also with a busy pool", async () => {
    const { executor, runs, started } = heldExecutor("held");
    await bench.startEngine([executor], { heartbeatDb });
    const id = await bench.submit({ type: "held" });
    await started(1);
    const aborted = new Promise((resolve) => {
      runs[0]?.signal.addEventListener("abort", resolve);
    });
    const busy = { name: "busy", text: "select pg_sleep(1.5)" };
    await cancelUnheard(id);
    const askedAt = performance.now();
    const queries = Array.from({ length: 8 }, () => bench.db.query(busy));
    await aborted;
    expect(performance.now() - askedAt).toBeLessThan(DELIVERED_WITHIN_MS);
    await Promise.all(queries);
    expect((await bench.untilEnded(id)).status).toBe("CANCELLED");
  });

  it("frees its thread for the next, whether the executor listens or not", async () => {
    const { executor, runs, started } = heldExecutor("held");
    await bench.startEngine([executor], { workerThreads: [1] });
    const [first = "", second = ""] = await bench.submitMany([{ type: "held" }, { type: "held" }]);
    await started(1);
    await bench.operations.cancelJob({ id: first });
    await started(2);
    runs[0]?.resolve("too late");
    runs[1]?.resolve("in time");
    expect((await bench.untilEnded(first)).status).toBe("CANCELLED");
    expect((await bench.untilEnded(second)).status).toBe("COMPLETED");
  });

  it("ends a job that was only read ahead without starting it", async () => {
    const started: string[] = [];
    let release = () => {};
    let slow = false;
    const mixed = executorOf("mixed", (_payload, { jobId }) => {
      if (!slow) return null;
      started.push(jobId);
      return new Promise((resolve) => {
        release = () => resolve(null);
      });
    });
    await bench.startEngine([mixed], { workerThreads: [1] });
    const [warm = ""] = await bench.submitMany(Array(300).fill({ type: "mixed" }));
    await bench.untilEnded(warm);
    for (const { id } of await unended(bench)) await bench.untilEnded(id);
    slow = true;
    const [first = "", second = ""] = await bench.submitMany(Array(2).fill({ type: "mixed" }));
    await bench.until(second, ({ status }) => status === "RUNNING");
    await bench.operations.cancelJob({ id: second });
    expect(await bench.untilEnded(second)).toMatchObject({ status: "CANCELLED", attempt: 1 });
    expect(started).toEqual([first]);
    release();
    expect((await bench.untilEnded(first)).status).toBe("COMPLETED");
  });

  it.each([
    ["failed with attempts left", () => new Error("broke")],
    ["asked to run later", () => new PostponeError(10)],
  ])("keeps one that has just %s from running again", async (_what, toError) => {
    const { executor, runs, started } = heldExecutor("held");
    // Nobody delivers: the attempt ends by itself, and its outcome meets the request.
    const deaf = { heartbeatDb: withoutCancels(bench.db) };
    await bench.startEngine([executor], deaf);
    const id = await bench.submit({ type: "held" });
    await started(1);
    await cancelUnheard(id);
    runs[0]?.reject(toError());
    expect((await bench.untilEnded(id)).status).toBe("CANCELLED");
    expect(runs).toHaveLength(1);
  });

  it("keeps one from running again that a stopping instance gives back", async () => {
    const { executor, started } = heldExecutor("held");
    const engine = await bench.startEngine([executor], { heartbeatDb: withoutCancels(bench.db) });
    const id = await bench.submit({ type: "held" });
    await started(1);
    await cancelUnheard(id);
    await engine.stop(0);
    expect((await bench.read(id)).status).toBe("CANCELLED");
  });

  it("reaches a job that a stopping instance still waits for", async () => {
    const { executor, started } = heldExecutor("held");
    const engine = await bench.startEngine([executor]);
    const id = await bench.submit({ type: "held" });
    await started(1);
    const stopped = engine.stop(20_000);
    await bench.operations.cancelJob({ id });
    await stopped;
    expect((await bench.read(id)).status).toBe("CANCELLED");
  });

  it("changes nothing where the job completes first, and is not delivered for ever", async () => {
    const { executor, runs, started } = heldExecutor("held");
    await bench.startEngine([executor], { heartbeatDb: withoutCancels(bench.db) });
    const id = await bench.submit({ type: "held" });
    await started(1);
    await cancelUnheard(id, "late");
    runs[0]?.resolve("done");
    expect((await bench.untilEnded(id)).status).toBe("COMPLETED");
    while ((await findStrayCancels(bench.db, 1)).length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect((await readCancellations(bench.db, [id])).get(id)?.reason).toBe("late");
  });
});

async function unended(bench: EngineBench): Promise<{ id: string }[]> {
  return bench.db.query({
    name: "unended",
    text: `select job_id as id from vinyasa.ready_jobs union all select job_id from vinyasa.running_jobs`,
  });
}

/** A heartbeat that beats, over which no request to cancel arrives. */
function withoutCancels(db: Database): EngineOptions["heartbeatDb"] {
  return {
    kind: db.kind,
    query: async (statement, values) =>
      statement.name === "read-pending-cancels" ? [] : db.query(statement, values),
    transaction: (name, work) => db.transaction(name, work),
    script: (text) => db.script(text),
    describe: () => db.describe(),
    maintain: () => db.maintain(),
    close: async () => {},
  };
}
