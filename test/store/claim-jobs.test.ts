import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { insertJobs, type NewJob } from "../../src/store/insert-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { registerTestInstance } from "../support/test-instance.ts";

const log = pino({ level: "silent" });

function jobIn(lane: Lane, priority = 0): NewJob {
  return { ...PLAIN_JOB, id: newJobId(), lane, priority };
}

describeWithPostgres("a claim", () => {
  let db: Database;
  let lanes: Lane[];
  let instance: number;

  beforeAll(async () => {
    const { url } = await createTestDatabase();
    db = await openPostgres({ url, poolMax: 4, role: "engine", log });
    instance = (await registerTestInstance(db)).id;
  });

  beforeEach(async () => {
    const queues = [randomUUID(), randomUUID(), randomUUID()];
    lanes = await new LaneCatalog(db).intern(
      queues.map((queue) => ({ queue, type: "noop", threads: 1 })),
    );
  });

  afterAll(() => db.close());

  function claim(from: Queryable, limit: number) {
    const request = lanes.map((lane) => ({ lane, threads: 1, from: LANE_START }));
    return claimJobs(from, { lanes: request, limit, instance, worker: 1, token: randomUUID() });
  }

  it("takes the best jobs of all its lanes, and says when nothing is left", async () => {
    const jobs = lanes.map((lane, index) => jobIn(lane, index));
    await insertJobs(db, jobs);
    const first = await claim(db, 2);
    expect(first.jobs.map(({ id }) => id)).toEqual([jobs[2]?.id, jobs[1]?.id]);
    expect(first.exhausted).toBe(false);
    const second = await claim(db, 2);
    expect(second.jobs.map(({ id }) => id)).toEqual([jobs[0]?.id]);
    expect(second.exhausted).toBe(true);
    expect(await claim(db, 2)).toEqual({ jobs: [], exhausted: true });
  });

  it("does not take lanes for empty whose jobs another claim holds in that moment", async () => {
    await insertJobs(
      db,
      lanes.map((lane) => jobIn(lane)),
    );
    await db.transaction("hold", async (tx) => {
      expect((await claim(tx, 1)).jobs).toHaveLength(1);
      expect(await claim(db, 1)).toEqual({ jobs: [], exhausted: false });
    });
    expect((await claim(db, 5)).jobs).toHaveLength(2);
  });

  it("takes nothing for an instance that was declared dead", async () => {
    await insertJobs(
      db,
      lanes.map((lane) => jobIn(lane)),
    );
    const end = {
      name: "end",
      text: "update vinyasa.instances set ended_at = now() where id = $1",
    };
    await db.query(end, [instance]);
    expect((await claim(db, 5)).jobs).toEqual([]);
    const revive = { name: "revive", text: "update vinyasa.instances set ended_at = null" };
    await db.query(revive);
    expect((await claim(db, 5)).jobs).toHaveLength(3);
  });
});
