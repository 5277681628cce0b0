import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { AGED_RANK, ageJobs } from "../../src/store/age-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { type JobPage, listJobs } from "../../src/store/list-jobs.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { describeBothDatabases } from "./both-databases.ts";
import { type SeedJob, seedJobs } from "./seed-jobs.ts";
import { sql } from "./statements.ts";

const BOUND_MS = 60_000;

describeBothDatabases("ageing", (open) => {
  let db: Database;
  let lanes: LaneCatalog;
  let laneIds: number[];

  beforeAll(async () => {
    db = await open();
    lanes = new LaneCatalog(db);
    const queues = ["a", "b"].map((queue) => ({ queue, type: "noop", threads: 1 }));
    laneIds = (await lanes.intern(queues)).map((lane) => lane.id);
  });

  beforeEach(() => db.script("truncate vinyasa.ready_jobs, vinyasa.scheduled_jobs, vinyasa.jobs"));

  afterAll(() => db.close());

  /** A ready job that has waited so long. */
  function waiting(seconds: number, priority: number, lane = 0): SeedJob {
    const since = new Date(Date.now() - seconds * 1_000).toISOString();
    return {
      id: newJobId(),
      lane: laneIds[lane] ?? 0,
      status: "PENDING",
      priority,
      at: since,
      since,
      readyAt: null,
      startedAt: null,
      name: null,
      tags: null,
      payload: {},
    };
  }

  /** Ids of the ready jobs of a lane, in the order in which they are claimed. */
  async function order(lane = 0): Promise<unknown[]> {
    const text = `select job_id as id from vinyasa.ready_jobs where lane = $1::int
      order by lane, rank, at, job_id`;
    return (await db.query(sql(text), [laneIds[lane]])).map(({ id }) => id);
  }

  const moved = async () => (await ageJobs(db, BOUND_MS)).reduce((sum, { jobs }) => sum + jobs, 0);

  it("puts a job that waited too long before higher priorities, and the older one first", async () => {
    const old = waiting(70, 0);
    const older = waiting(80, -5);
    const young = waiting(50, 1);
    const high = waiting(1, 9);
    await seedJobs(db, [old, older, young, high]);
    expect(await ageJobs(db, BOUND_MS)).toEqual([{ lane: laneIds[0], jobs: 2 }]);
    expect(await order()).toEqual([older.id, old.id, high.id, young.id]);
    expect(await moved()).toBe(0);
  });

  it("leaves jobs that nothing goes before, however long they have waited", async () => {
    await seedJobs(db, [waiting(90, 5), waiting(100, 5), waiting(5_000, 5, 1)]);
    expect(await moved()).toBe(0);
  });

  it("counts a higher priority of another lane, which claims would always take first", async () => {
    const low = waiting(70, 0);
    await seedJobs(db, [low, waiting(1, 3, 1)]);
    expect(await ageJobs(db, BOUND_MS)).toEqual([{ lane: laneIds[0], jobs: 1 }]);
  });

  it("does not go on once the higher priorities are gone", async () => {
    const high = waiting(1, 3);
    await seedJobs(db, [waiting(70, 0), high]);
    expect(await moved()).toBe(1);
    await db.query(sql("delete from vinyasa.ready_jobs where job_id = $1"), [high.id]);
    await seedJobs(db, [waiting(70, 0)]);
    expect(await moved()).toBe(0);
  });

  it("counts from when the job was ready, not from the time that it was scheduled for", async () => {
    const returned = { ...waiting(1, 0), at: waiting(5_000, 0).at };
    await seedJobs(db, [returned, waiting(1, 9)]);
    expect(await moved()).toBe(0);
  });

  it("moves no more of a lane than may be claimed before the next round", async () => {
    await seedJobs(db, [...Array.from({ length: 1_500 }, () => waiting(70, 0)), waiting(1, 1)]);
    expect(await moved()).toBe(1_000);
    expect(await moved()).toBe(0);
    const take = `delete from vinyasa.ready_jobs where job_id in (
      select job_id from vinyasa.ready_jobs where rank = $1::int order by at limit 100)`;
    await db.query(sql(take), [AGED_RANK]);
    expect(await moved()).toBe(100);
  });

  it("gives every low priority a share, however many wait at the others", async () => {
    const lowest = waiting(61, -9);
    await seedJobs(db, [
      ...Array.from({ length: 1_100 }, () => waiting(500, 0)),
      lowest,
      waiting(1, 1),
    ]);
    await ageJobs(db, BOUND_MS);
    const text = "select rank from vinyasa.ready_jobs where job_id = $1";
    expect(await db.query(sql(text), [lowest.id])).toEqual([{ rank: AGED_RANK }]);
  });

  it("passes over rows that a claim holds in that moment", async () => {
    // One session: there is nobody else who could hold them.
    if (db.kind === "embedded") return;
    const held = waiting(70, 0);
    await seedJobs(db, [held, waiting(1, 1)]);
    await db.transaction("hold", async (tx) => {
      await tx.query(sql("select from vinyasa.ready_jobs where job_id = $1 for update"), [held.id]);
      expect(await moved()).toBe(0);
    });
    expect(await moved()).toBe(1);
  });

  it("changes nothing that anybody sees of the job, but its place in the order of priorities", async () => {
    const low = waiting(70, 0);
    const high = waiting(1, 9);
    await seedJobs(db, [low, high]);
    const row = sql(
      "select to_jsonb(r) - 'rank' as row from vinyasa.ready_jobs r where job_id = $1",
    );
    const copies = "update vinyasa.ready_jobs set max_attempts = 3, policy = '[1]', payload = '{}'";
    await db.query(sql(`${copies}, expires_at = now() + interval '1 h'`));
    const before = (await readJobs(db, [low.id])).get(low.id);
    const rowBefore = await db.query(row, [low.id]);
    expect(await moved()).toBe(1);
    expect(await db.query(row, [low.id])).toEqual(rowBefore);
    expect(JSON.stringify(rowBefore)).not.toContain("null");
    expect((await readJobs(db, [low.id])).get(low.id)).toEqual(before);
    expect(await db.query(sql("select from vinyasa.job_events"))).toEqual([]);
  });

  it("shows in the list by priority, which is the order in which jobs run, page by page", async () => {
    const low = waiting(70, 0);
    const high = waiting(1, 9);
    const scheduled: SeedJob = { ...waiting(70, 5), status: "SCHEDULED" };
    await seedJobs(db, [low, high, scheduled]);
    await moved();
    const walk = async (direction: "ASC" | "DESC") => {
      const ids: string[] = [];
      for (let after: string | null = null; ; ) {
        const orderBy = { field: "PRIORITY", direction } as const;
        const rest = { filter: {}, limit: 1, before: null, backward: false };
        const page: JobPage = await listJobs(db, lanes, { ...rest, orderBy, after });
        ids.push(...page.jobs.map(({ job }) => job.id));
        if (!page.hasNextPage) return ids;
        after = page.jobs[0]?.cursor ?? null;
      }
    };
    const expected = [low.id, high.id, scheduled.id];
    expect(await walk("DESC")).toEqual(expected);
    expect(await walk("ASC")).toEqual(expected.toReversed());
  });
});
