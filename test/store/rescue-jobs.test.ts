import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type JobStatus, MOVES } from "../../src/domain/job.ts";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { cancelJobs } from "../../src/store/cancel-jobs.ts";
import { claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { insertJobs, type NewJob } from "../../src/store/insert-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { listJobs } from "../../src/store/list-jobs.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { readAttempts } from "../../src/store/read-attempts.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { readStats } from "../../src/store/read-stats.ts";
import {
  readClaimed,
  readLostLanes,
  releaseClaims,
  rescueJobs,
} from "../../src/store/rescue-jobs.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { registerTestInstance } from "../support/test-instance.ts";
import { sql } from "./statements.ts";

const log = pino({ level: "silent" });

/** Where a running job may go by this, as the table has it. */
function movesBy(what: string): JobStatus[] {
  const moves = MOVES.filter(({ from, by }) => from === "RUNNING" && by.includes(what));
  return moves.map(({ to }) => to).toSorted();
}

describeWithPostgres("a rescue", () => {
  let db: Database;
  let lanes: LaneCatalog;
  let lane: Lane;
  let instance: number;

  beforeEach(async () => {
    const { url } = await createTestDatabase();
    db = await openPostgres({ url, poolMax: 8, role: "engine", log });
    lanes = new LaneCatalog(db);
    const [made] = await lanes.intern([{ queue: "q", type: "killer", threads: 1 }]);
    if (made === undefined) throw new Error("no lane");
    lane = made;
    instance = (await registerTestInstance(db)).id;
  });

  afterEach(() => db.close());

  function newJob(maxAttempts: number): NewJob {
    const backoff = { kind: "FIXED", baseMs: 10, maxMs: 10, jitter: 0 } as const;
    return { ...PLAIN_JOB, id: newJobId(), lane, maxAttempts, backoff };
  }

  async function claim(from: readonly Lane[]): Promise<void> {
    const asked = from.map((each) => ({ lane: each, threads: 1, from: LANE_START }));
    const request = { limit: 1_000, instance, worker: 1, token: randomUUID() };
    await claimJobs(db, { ...request, lanes: asked });
  }

  /** Jobs that run on the instance. */
  async function running(count: number, maxAttempts = 3): Promise<string[]> {
    const jobs = Array.from({ length: count }, () => newJob(maxAttempts));
    await insertJobs(db, jobs);
    await claim([lane]);
    return jobs.map(({ id }) => id);
  }

  async function rescue(catalog = lanes, limit = 1_000) {
    const suspects = await catalog.internSuspects(await readLostLanes(db, [instance]));
    return rescueJobs(db, [instance], suspects, limit);
  }

  async function jobOf(id: string) {
    const job = (await readJobs(db, [id])).get(id);
    if (job === undefined) throw new Error("no job");
    return job;
  }

  /** By lane and status, without those that came and went. */
  async function counts(): Promise<Record<string, number>> {
    const rows = await db.query<{ at: string; n: number }>(
      sql(`select (case when suspect then 'suspect ' else '' end) || status as at, sum(delta)::int as n
        from vinyasa.counter_deltas join vinyasa.lanes l on l.id = lane
        group by 1 having sum(delta) <> 0`),
    );
    return Object.fromEntries(rows.map(({ at, n }) => [at, n]));
  }

  const noteCancel = sql("insert into vinyasa.cancellations (job_id, instance) values ($1, $2)");

  it("puts a job among the suspects, and every count and list still finds it", async () => {
    const [id = ""] = await running(1);
    expect(await counts()).toEqual({ "4": 1 });
    const [moved] = await rescue();
    expect(moved).toMatchObject({
      id,
      from: "RUNNING",
      to: "PENDING",
      version: 3,
      attemptsLeft: 2,
    });
    expect(lanes.get(moved?.lane ?? 0)).toMatchObject({
      queue: "q",
      type: "killer",
      suspect: true,
    });
    expect(await counts()).toEqual({ "suspect 3": 1 });
    expect(await jobOf(id)).toMatchObject({ type: "killer", status: "PENDING", attempt: 1 });
    const { counts: stats } = await readStats(db, lanes, { types: ["killer"], queues: ["q"] });
    expect(stats).toMatchObject({ PENDING: 1, RUNNING: 0 });
    for (const field of ["CREATED_AT", "PRIORITY"] as const) {
      for (const filter of [{}, { status: ["PENDING"] as const }]) {
        const page = await listJobs(db, new LaneCatalog(db), {
          ...{ limit: 10, after: null, before: null, backward: false },
          orderBy: { field, direction: "DESC" },
          filter: { ...filter, type: ["killer"], queue: ["q"] },
        });
        expect(page.jobs.map(({ job }) => job.id)).toEqual([id]);
        expect(page.totalCount).toBe(1);
      }
    }
  });

  it("by several at once moves each job once", async () => {
    const ids = await running(300);
    const rescuers = Array.from({ length: 6 }, async () => {
      const catalog = new LaneCatalog(db);
      const moved = [];
      for (let batch = await rescue(catalog, 40); batch.length > 0; ) {
        moved.push(...batch);
        batch = await rescue(catalog, 40);
      }
      return moved;
    });
    const moved = (await Promise.all(rescuers)).flat();
    expect(moved.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(new Set(moved.map(({ lane: to, version }) => `${to} ${version}`)).size).toBe(1);
    expect(await counts()).toEqual({ "suspect 3": 300 });
    const attempts = await readAttempts(db, ids);
    expect([...attempts.values()].every((each) => each.length === 1)).toBe(true);
  });

  it("of a job that is a suspect already leaves it among them", async () => {
    const [id = ""] = await running(1);
    const [first] = await rescue();
    const suspect = lanes.get(first?.lane ?? 0);
    await claim(suspect === undefined ? [] : [suspect]);
    const [second] = await rescue();
    expect(second).toMatchObject({ id, lane: first?.lane, attempt: 2, attemptsLeft: 1 });
    expect(await counts()).toEqual({ "suspect 3": 1 });
  });

  it("fails a job without attempts left, and says with how many instances it was lost", async () => {
    const [id = ""] = await running(1, 3);
    for (let lost = 1; lost <= 3; lost += 1) {
      const [moved] = await rescue();
      const suspect = lanes.get(moved?.lane ?? 0);
      if (lost < 3) await claim(suspect === undefined ? [] : [suspect]);
    }
    expect(await jobOf(id)).toMatchObject({ status: "FAILED", attempt: 3, attemptsLeft: 0 });
    const [last, , first] = (await readAttempts(db, [id])).get(id) ?? [];
    expect(first?.error?.message).toBe("the instance that ran this attempt was lost");
    expect(last).toMatchObject({ outcome: "LOST", error: { code: "LOST", retryable: false } });
    expect(last?.error?.message).toBe("lost with 3 instances: it may be what ends them");
    expect(await counts()).toEqual({ "suspect 6": 1 });
  });

  it("cancels a job whose cancel had been asked for, and keeps the request for the reader", async () => {
    const [id = "", other = ""] = await running(2);
    await cancelJobs(db, [id], "no longer needed");
    // Of an earlier life of this job: it does not count.
    await db.query(noteCancel, [other, null]);
    await rescue();
    expect(await jobOf(id)).toMatchObject({ status: "CANCELLED", attempt: 1 });
    expect(await jobOf(other)).toMatchObject({ status: "PENDING" });
    expect((await readAttempts(db, [id])).get(id)).toMatchObject([{ outcome: "LOST" }]);
    const kept = await db.query(
      sql("select instance, reason from vinyasa.cancellations where job_id = $1"),
      [id],
    );
    expect(kept).toEqual([{ instance: null, reason: "no longer needed" }]);
    expect(await counts()).toEqual({ "7": 1, "suspect 3": 1 });
  });

  it("makes the moves that the table of moves has for it, all of them and no others", async () => {
    await running(1, 2);
    const [cancelled = "", spentAndCancelled = ""] = [
      ...(await running(1, 2)),
      ...(await running(2, 1)),
    ];
    await cancelJobs(db, [cancelled, spentAndCancelled], null);
    const rescued = new Set((await rescue()).map(({ to }) => to));
    expect([...rescued].toSorted()).toEqual(movesBy("rescue"));
    const [other = ""] = await running(2);
    await cancelJobs(db, [other], null);
    const claims = await readClaimed(db, instance, -1_000);
    const released = new Set((await releaseClaims(db, instance, claims)).map(({ to }) => to));
    expect([...released].toSorted()).toEqual(movesBy("release"));
  });

  it("of a claim that nobody runs gives the job back unharmed, or cancels it if that was asked", async () => {
    const [id = "", other = ""] = await running(2);
    await cancelJobs(db, [id], null);
    await releaseClaims(db, instance, await readClaimed(db, instance, -1_000));
    expect(await jobOf(id)).toMatchObject({ status: "CANCELLED", attemptsLeft: 3 });
    expect(await jobOf(other)).toMatchObject({ status: "PENDING", attemptsLeft: 3 });
    expect(await counts()).toEqual({ "7": 1, "3": 1 });
  });
});
