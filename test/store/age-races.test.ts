import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { ageJobs } from "../../src/store/age-jobs.ts";
import { claimJobs } from "../../src/store/claim-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { registerTestInstance } from "../support/test-instance.ts";
import { type SeedJob, seedJobs } from "./seed-jobs.ts";
import { sql } from "./statements.ts";

/** A claim looks up its instance after it has its snapshot and before it locks a job: there it waits. */
const HOLD_CLAIMS = `
create function vinyasa.hold() returns boolean language plpgsql volatile as $$
begin perform pg_advisory_xact_lock_shared(4711); return true; end $$;
alter table vinyasa.instances rename to instances_held;
create view vinyasa.instances as select * from vinyasa.instances_held where vinyasa.hold()`;

const HELD = sql(`select from pg_locks where locktype = 'advisory' and not granted
  and database = (select oid from pg_database where datname = current_database())`);

describeWithPostgres("a claim that began before jobs were moved to the front", () => {
  it("takes none of them twice", async () => {
    const { url } = await createTestDatabase();
    const log = pino({ level: "silent" });
    const db = await openPostgres({ url, poolMax: 4, role: "engine", log });
    try {
      const { id: instance } = await registerTestInstance(db);
      const specs = ["low", "high"].map((queue) => ({ queue, type: "noop", threads: 1 }));
      const [lane, other] = await new LaneCatalog(db).intern(specs);
      if (lane === undefined || other === undefined) throw new Error("no lanes");
      const since = new Date(Date.now() - 3_600_000).toISOString();
      const seed = (laneId: number, priority: number): SeedJob => {
        const times = { at: since, since, readyAt: null, startedAt: null };
        const rest = { name: null, tags: null, payload: {}, status: "PENDING" as const };
        return { id: newJobId(), lane: laneId, priority, ...times, ...rest };
      };
      const jobs = [1, 2, 3].map(() => seed(lane.id, 0));
      await seedJobs(db, [...jobs, seed(other.id, 1)]);
      await db.script(HOLD_CLAIMS);
      const claim = async () => {
        const lanes = [{ lane, threads: 1, from: LANE_START }];
        const token = randomUUID();
        return (await claimJobs(db, { lanes, limit: 9, instance, worker: 1, token })).jobs;
      };
      const early = await db.transaction("hold claims", async (tx) => {
        await tx.query(sql("select pg_advisory_xact_lock(4711)"));
        const held = claim();
        while ((await db.query(HELD)).length === 0);
        expect(await ageJobs(db, 60_000)).toEqual([{ lane: lane.id, jobs: 3 }]);
        return { held };
      });
      const claimed = [...(await early.held), ...(await claim())].map(({ id }) => id);
      expect(claimed.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
      const left = await db.query(sql("select lane from vinyasa.ready_jobs"));
      expect(left).toEqual([{ lane: other.id }]);
    } finally {
      await db.close();
    }
  });
});
