import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { expect, it } from "vitest";
import { ageJobs } from "../../src/store/age-jobs.ts";
import { claimJobs, LANE_START } from "../../src/store/claim-jobs.ts";
import { registerInstance } from "../../src/store/instances.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { type SeedJob, seedJobs } from "./seed-jobs.ts";
import { sql } from "./statements.ts";

const JOBS = 4_000;

describeWithPostgres("claims while jobs are moved to the front", () => {
  it("take each job once, and none stays ready that runs", async () => {
    const { url } = await createTestDatabase();
    const log = pino({ level: "silent" });
    const db = await openPostgres({ url, poolMax: 8, role: "engine", log });
    try {
      const spec = { uuid: randomUUID(), hostname: "test", pid: 1, codeVersion: 2, workers: [] };
      const instance = await registerInstance(db, spec);
      const [lane] = await new LaneCatalog(db).intern([{ queue: "q", type: "noop", threads: 1 }]);
      if (lane === undefined) throw new Error("no lane");
      const since = new Date(Date.now() - 3_600_000).toISOString();
      const jobs = Array.from({ length: JOBS }, (_, index): SeedJob => {
        const times = { at: since, since, readyAt: null, startedAt: null };
        const rest = { name: null, tags: null, payload: {}, status: "PENDING" as const };
        return { id: newJobId(), lane: lane.id, priority: index % 40, ...times, ...rest };
      });
      await seedJobs(db, jobs);
      const claimed: string[] = [];
      let moved = 0;
      const claimAll = async () => {
        while (claimed.length < JOBS) {
          const lanes = [{ lane, threads: 1, from: LANE_START }];
          const token = randomUUID();
          const claim = await claimJobs(db, { lanes, limit: 7, instance, worker: 1, token });
          claimed.push(...claim.jobs.map(({ id }) => id));
        }
      };
      const ageAll = async () => {
        while (claimed.length < JOBS) {
          for (const { jobs: count } of await ageJobs(db, 60_000)) moved += count;
        }
      };
      await Promise.all([claimAll(), claimAll(), claimAll(), ageAll(), ageAll()]);
      expect(moved).toBeGreaterThan(0);
      expect(new Set(claimed).size).toBe(JOBS);
      expect(claimed).toHaveLength(JOBS);
      expect(await db.query(sql("select from vinyasa.ready_jobs"))).toEqual([]);
    } finally {
      await db.close();
    }
  });
});
