import { afterEach, beforeEach, expect, it } from "vitest";
import { type Database, DatabaseError } from "../../src/store/database.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { withQuery } from "../support/with-query.ts";
import { Held } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

let stage: Stage;
let unhang: AbortController;

beforeEach(async () => {
  unhang = new AbortController();
  stage = await openStage();
});

afterEach(async () => {
  unhang.abort();
  await stage.close();
});

/** The database as an instance sees it whose heartbeats never arrive: the first one registers it. */
function silent(real: Database): Database {
  const { signal } = unhang;
  return withQuery(real, (statement, values) =>
    statement.name === "register-instance" ? real.query(statement, values) : rejectedOn(signal),
  );
}

function rejectedOn(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

describeWithPostgres("the engine", () => {
  it("takes back the jobs of an instance that died, and refuses its late outcomes", async () => {
    const dying = new Held("held");
    // The zombie itself would only notice after 48 s: by then its job runs elsewhere.
    const hung = { heartbeatDb: silent(stage.db), leaseMs: 60_000 };
    const zombie = await stage.startEngine([dying.executor], hung);
    const [{ id }] = await stage.submit({ type: "held" });
    await dying.whenStarted(1);
    const rescuing = new Held("held");
    await stage.startEngine([rescuing.executor], { leaseMs: 1_500 });
    await rescuing.whenStarted(1);
    dying.release();
    await expect.poll(() => zombie.staleWrites, { timeout: 20_000 }).toBe(1);
    expect(await stage.job(id)).toMatchObject({ status: "RUNNING", attempt: 2 });
    rescuing.release();
    expect(await stage.ended(id)).toMatchObject({ status: "COMPLETED", attempt: 2 });
    const attempts = await stage.attempts(id);
    expect(attempts.map((attempt) => attempt.outcome)).toEqual(["COMPLETED", "LOST"]);
  });

  it.each([
    // Far sooner than it gives up on answers in general, after 40 s.
    { how: "whose connection broke", options: {}, breaks: true },
    { how: "that got lost here", options: { reconcileAfterMs: 200 }, breaks: false },
  ])("gives back the job of a committed claim $how", async ({ options, breaks }) => {
    const held = new Held("held");
    let lost = 0;
    const lossy = withQuery(stage.db, async (statement, values) => {
      const rows = await stage.db.query(statement, values);
      if (statement.name !== "claim-lane" || rows.length === 0 || lost > 0) return rows;
      lost += 1;
      if (!breaks) return [];
      throw new DatabaseError(statement.name, new Error("the connection broke"), null, null);
    });
    await stage.startEngine([held.executor], { db: lossy, ...options });
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    expect([lost, held.started]).toEqual([1, [id]]);
    expect(await stage.job(id)).toMatchObject({ attempt: 2, attemptsLeft: 2 });
    held.release();
  });

  it("drops its jobs by itself when its heartbeat cannot reach the database", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor], { heartbeatDb: silent(stage.db), leaseMs: 3_000 });
    await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const [run] = held.runs;
    await expect.poll(() => run?.signal.aborted, { timeout: 20_000 }).toBe(true);
  });
});
