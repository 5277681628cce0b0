import { afterAll, beforeAll, expect, it } from "vitest";
import { JOB_STATUSES } from "../../src/domain/job.ts";
import type { StatsFilter } from "../../src/domain/stats.ts";
import type { Database } from "../../src/store/database.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { readStats } from "../../src/store/read-stats.ts";
import { rollUpCounters } from "../../src/store/roll-up-counters.ts";
import { describeBothDatabases } from "./both-databases.ts";
import { LANE_SPECS, randomJob } from "./list-model.ts";
import { Random } from "./random.ts";
import { type SeedJob, seedJobs } from "./seed-jobs.ts";

describeBothDatabases("stats", (open) => {
  let db: Database;
  let lanes: LaneCatalog;
  let jobs: SeedJob[];

  beforeAll(async () => {
    db = await open();
    lanes = new LaneCatalog(db);
    const ids = (await lanes.intern(LANE_SPECS)).map((lane) => lane.id);
    const random = new Random(7);
    jobs = Array.from({ length: 300 }, () => randomJob(random, ids));
  });
  afterAll(() => db.close());

  const filters: StatsFilter[] = [
    {},
    { queues: ["mail"] },
    { types: ["email", "sum"] },
    { queues: ["mail", "rare"], types: ["resize"] },
    { queues: ["nowhere"] },
    { types: [] },
  ];

  async function expectStats(filter: StatsFilter): Promise<void> {
    const matching = jobs.filter((job) => {
      const lane = lanes.get(job.lane);
      return (
        lane !== undefined &&
        (filter.queues?.includes(lane.queue) ?? true) &&
        (filter.types?.includes(lane.type) ?? true)
      );
    });
    const counts = Object.fromEntries(
      JOB_STATUSES.map((status) => [
        status,
        matching.filter((job) => job.status === status).length,
      ]),
    );
    const pending = matching.filter((job) => job.status === "PENDING");
    const oldest = Math.min(...pending.map((job) => Date.parse(job.at)));
    const stats = await readStats(db, lanes, filter);
    expect(stats.counts).toEqual(counts);
    expect(stats.oldestPendingAtMs).toBe(pending.length === 0 ? null : oldest);
    expect(Math.abs(stats.asOfMs - Date.now())).toBeLessThan(60_000);
  }

  it("are zeros where there are no jobs", async () => {
    const { counts, oldestPendingAtMs } = await readStats(db, lanes, {});
    expect(Object.values(counts)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(oldestPendingAtMs).toBeNull();
  });

  it("count what lies in the deltas, in the counters, and in both", async () => {
    await seedJobs(db, jobs.slice(0, 100));
    await rollUpCounters(db);
    await seedJobs(db, jobs.slice(100));
    for (const filter of filters) await expectStats(filter);
    await rollUpCounters(db);
    for (const filter of filters) await expectStats(filter);
  });

  it("know lanes that another instance has just made", async () => {
    const [lane] = await new LaneCatalog(db).intern([{ queue: "new", type: "t", threads: 1 }]);
    const random = new Random(8);
    const job = { ...randomJob(random, [lane?.id ?? 0]), status: "PENDING" as const };
    await seedJobs(db, [job]);
    const stats = await readStats(db, lanes, { queues: ["new"] });
    expect(stats.counts.PENDING).toBe(1);
    expect(stats.oldestPendingAtMs).toBe(Date.parse(job.at));
  });
});
