import { afterEach, beforeEach, expect, it } from "vitest";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { PostponeError } from "../../src/executors/errors.ts";
import { createCancelJob } from "../../src/operations/cancel-job.ts";
import { findStrayCancels, readCancellations } from "../../src/store/cancellations.ts";
import type { Database } from "../../src/store/database.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { withQuery } from "../support/with-query.ts";
import { Held } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import { POOL_MAX, type Stage, silentLog } from "./stage.ts";

/** What is promised, with the poll alone. */
const DELIVERED_WITHIN_MS = 1_000;

describeWithPostgres("a cancel of a running job", () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
  });

  afterEach(() => stage.close());

  /** As from an instance whose bus reaches nobody: Redis is down. */
  const cancelUnheard = (id: string, reason?: string) =>
    createCancelJob({ db: stage.db, bus: new InProcessBus(silentLog) })({ id, reason });

  it("aborts its signal with the reason, and ends it as CANCELLED", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor]);
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const events = await stage.record();
    const answer = await stage.operations.cancelJob({ id, reason: "no longer wanted" });
    expect(answer).toMatchObject({ kind: "CANCELLED", job: { status: "RUNNING", version: 3 } });
    const job = await stage.ended(id);
    expect(job).toMatchObject({ status: "CANCELLED", attempt: 1, version: 4 });
    expect(held.runs[0]?.signal.reason).toMatchObject({ message: "cancelled: no longer wanted" });
    const [attempt] = await stage.attempts(id);
    expect(attempt).toMatchObject({ outcome: "CANCELLED", error: null });
    expect(events.map(({ status, version }) => [status, version])).toEqual([
      ["RUNNING", 3],
      ["CANCELLED", 4],
    ]);
  });

  it("arrives within a second where no message does, also with a busy pool", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor]);
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const aborted = new Promise((resolve) => {
      held.runs[0]?.signal.addEventListener("abort", resolve);
    });
    const busy = { name: "busy", text: "select pg_sleep(1.5)" };
    await cancelUnheard(id);
    const askedAt = performance.now();
    const queries = Array.from({ length: POOL_MAX }, () => stage.db.query(busy));
    await aborted;
    expect(performance.now() - askedAt).toBeLessThan(DELIVERED_WITHIN_MS);
    await Promise.all(queries);
    expect((await stage.ended(id)).status).toBe("CANCELLED");
  });

  it("frees its thread for the next, whether the executor listens or not", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor], { workerThreads: [1] });
    const [first, second] = await stage.submit({ type: "held" }, { type: "held" });
    await held.whenStarted(1);
    await stage.operations.cancelJob({ id: first.id });
    await held.whenStarted(2);
    held.runs[0]?.resolve("too late");
    held.runs[1]?.resolve("in time");
    expect((await stage.ended(first.id)).status).toBe("CANCELLED");
    expect((await stage.ended(second.id)).status).toBe("COMPLETED");
  });

  it("ends a job that was only read ahead without starting it", async () => {
    const mixed = new Held("mixed");
    await stage.startEngine([mixed.executor], { workerThreads: [1] });
    await mixed.seemFast(stage);
    const [first, second] = await stage.submit({ type: "mixed" }, { type: "mixed" });
    await stage.until(second.id, ({ status }) => status === "RUNNING");
    await stage.operations.cancelJob({ id: second.id });
    expect(await stage.ended(second.id)).toMatchObject({ status: "CANCELLED", attempt: 1 });
    expect(mixed.started).toEqual([first.id]);
    mixed.release();
    expect((await stage.ended(first.id)).status).toBe("COMPLETED");
  });

  it.each([
    ["failed with attempts left", () => new Error("broke")],
    ["asked to run later", () => new PostponeError(10)],
  ])("keeps one that has just %s from running again", async (_what, toError) => {
    const held = new Held("held");
    // Nobody delivers: the attempt ends by itself, and its outcome meets the request.
    const deaf = { heartbeatDb: withoutCancels(stage.db) };
    await stage.startEngine([held.executor], deaf);
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    await cancelUnheard(id);
    held.runs[0]?.reject(toError());
    expect((await stage.ended(id)).status).toBe("CANCELLED");
    expect(held.runs).toHaveLength(1);
  });

  it("keeps one from running again that a stopping instance gives back", async () => {
    const held = new Held("held");
    const engine = await stage.startEngine([held.executor], {
      heartbeatDb: withoutCancels(stage.db),
    });
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    await cancelUnheard(id);
    await engine.stop(0);
    expect((await stage.job(id)).status).toBe("CANCELLED");
  });

  it("reaches a job that a stopping instance still waits for", async () => {
    const held = new Held("held");
    const engine = await stage.startEngine([held.executor]);
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const stopped = engine.stop(20_000);
    await stage.operations.cancelJob({ id });
    await stopped;
    expect((await stage.job(id)).status).toBe("CANCELLED");
  });

  it("changes nothing where the job completes first, and is not delivered for ever", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor], { heartbeatDb: withoutCancels(stage.db) });
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    await cancelUnheard(id, "late");
    held.runs[0]?.resolve("done");
    expect((await stage.ended(id)).status).toBe("COMPLETED");
    while ((await findStrayCancels(stage.db, 1)).length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect((await readCancellations(stage.db, [id])).get(id)?.reason).toBe("late");
  });
});

/** A heartbeat that beats, over which no request to cancel arrives. */
function withoutCancels(db: Database): Database {
  return withQuery(db, async (statement, values) =>
    statement.name === "read-pending-cancels" ? [] : db.query(statement, values),
  );
}
