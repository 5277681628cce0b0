import { afterEach, beforeEach, expect, it } from "vitest";
import { Registry } from "../../src/executors/registry.ts";
import { createOperations, type Operations } from "../../src/operations/index.ts";
import { sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { withQuery } from "../support/with-query.ts";
import { executorOf, Held, quick } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

describeWithPostgres("a job that is submitted to the instance that runs it", () => {
  let stage: Stage;
  let slow: Held;
  let operations: Operations;
  /** The next submit that starts a job commits, and its answer does not come. */
  let losesNextStart: boolean;

  beforeEach(async () => {
    losesNextStart = false;
    stage = await openStage();
    slow = new Held("slow");
    const executors = [quick("quick"), slow.executor];
    const seats = await stage.startEngine(executors, { workerThreads: [2] });
    const known = new Registry([...executors, executorOf("elsewhere", () => null)]);
    const db = withQuery(stage.db, async (statement, values) => {
      const rows = await stage.db.query(statement, values);
      if (statement.name !== "start-one" || !losesNextStart) return rows;
      losesNextStart = false;
      throw new Error("the connection was lost");
    });
    operations = createOperations({ ...stage.parts(), db, executors: known, seats });
  });

  afterEach(() => stage.close());

  async function submit(type: string, more: object = {}) {
    const result = await operations.submitJob({ type, payload: {}, ...more });
    if (result.kind !== "SUBMITTED") throw new Error(JSON.stringify(result));
    return result.job;
  }

  it("starts with its own commit while nothing waits", async () => {
    const events = await stage.record();
    const job = await submit("quick");
    expect(job).toMatchObject({ status: "RUNNING", version: 2, attempt: 1, attemptsLeft: 2 });
    const ended = await stage.ended(job.id);
    expect(ended).toMatchObject({ status: "COMPLETED", version: 3, attempt: 1 });
    const statements = [...stage.answered.keys()];
    expect(statements).toContain("start-one");
    expect(statements.filter((name) => name.startsWith("claim"))).toEqual([]);
    // The row may be seen right before it is told of.
    await expect
      .poll(() => events.map(({ status, version }) => [status, version]))
      .toEqual([
        ["PENDING", 1],
        ["RUNNING", 2],
        ["COMPLETED", 3],
      ]);
  });

  it("waits where the threads are taken, and then runs in its turn", async () => {
    const running = [await submit("slow"), await submit("slow")];
    const waiting = [await submit("quick", { priority: 1 }), await submit("quick")];
    expect(running.map(({ status }) => status)).toEqual(["RUNNING", "RUNNING"]);
    expect(waiting.map(({ status }) => status)).toEqual(["PENDING", "PENDING"]);
    slow.letGo();
    const ended = await Promise.all([...running, ...waiting].map(({ id }) => stage.ended(id)));
    expect(ended.map(({ status }) => status)).toEqual(Array(4).fill("COMPLETED"));
  });

  it("does not overtake what waits already, whatever its priority is", async () => {
    await submit("slow");
    await submit("slow");
    const before = await submit("quick", { priority: -5 });
    const after = await submit("quick", { priority: 5 });
    expect([before.status, after.status]).toEqual(["PENDING", "PENDING"]);
  });

  it("waits where it has another time, an end to its waiting, or nobody here for its type", async () => {
    const later = new Date(Date.now() + 3_600_000);
    expect(await submit("quick", { scheduledAt: later })).toMatchObject({ status: "SCHEDULED" });
    expect(await submit("quick", { expiresAt: later })).toMatchObject({ status: "PENDING" });
    expect(await submit("elsewhere")).toMatchObject({ status: "PENDING" });
  });

  it("does not take along those of other times that were submitted in the same moment", async () => {
    const [later, soon] = [3_600_000, 1_800_000].map((ms) => new Date(Date.now() + ms));
    const [, scheduled, expiring] = await Promise.all([
      submit("slow"),
      submit("quick", { scheduledAt: later }),
      submit("elsewhere", { expiresAt: soon }),
    ]);
    const rows = sql("select job_id as id from vinyasa.scheduled_jobs");
    expect(await stage.db.query(rows)).toEqual([{ id: scheduled?.id }]);
    const expiries = sql("select job_id as id from vinyasa.job_expiries");
    expect(await stage.db.query(expiries)).toEqual([{ id: expiring?.id }]);
  });

  it("goes back unharmed where the answer to its submit is lost", async () => {
    losesNextStart = true;
    await expect(submit("quick")).rejects.toThrow("lost");
    const [row] = await stage.db.query<{ id: string }>(sql("select id from vinyasa.jobs"));
    const ended = await stage.ended(row?.id ?? "");
    expect(ended).toMatchObject({ status: "COMPLETED", attempt: 2, attemptsLeft: 2 });
    expect((await stage.attempts(ended.id)).map(({ outcome }) => outcome)).toEqual([
      "COMPLETED",
      "RELEASED",
    ]);
  });
});
