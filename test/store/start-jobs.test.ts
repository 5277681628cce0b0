import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { finishJobs } from "../../src/store/finish-jobs.ts";
import type { NewJob } from "../../src/store/insert-jobs.ts";
import { endInstance } from "../../src/store/instances.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { readPayloads } from "../../src/store/read-payloads.ts";
import { startJobs } from "../../src/store/start-jobs.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { registerTestInstance } from "../support/test-instance.ts";

const log = pino({ level: "silent" });

describeWithPostgres("jobs that start with their own submit", () => {
  let db: Database;
  let lane: Lane;
  let instance: number;
  let uuid: string;

  beforeAll(async () => {
    const { url } = await createTestDatabase();
    db = await openPostgres({ url, poolMax: 4, role: "engine", log });
  });

  beforeEach(async () => {
    ({ id: instance, uuid } = await registerTestInstance(db));
    const [made] = await new LaneCatalog(db).intern([
      { queue: randomUUID(), type: "noop", threads: 2 },
    ]);
    if (made === undefined) throw new Error("no lane");
    lane = made;
  });

  afterAll(() => db.close());

  function newJob(): NewJob {
    const special = { priority: 3, payload: '{"a":"\\"1\\""}', tags: ["x"] };
    return { ...PLAIN_JOB, ...special, id: newJobId(), lane };
  }

  async function start(jobs: readonly NewJob[], starting: number) {
    const place = { instance, worker: 1, threads: 2 };
    const placed = jobs.map((job, index) => ({ job, place: index < starting ? place : null }));
    return startJobs(db, placed, randomUUID());
  }

  /** Both tables' rows of each job, without what differs from job to job. */
  async function readRows(ids: readonly string[]): Promise<Map<string, unknown>> {
    const rows = await db.query<{ id: string; row: unknown }>(
      {
        name: "rows",
        text: `select j.id, to_jsonb(j) - 'id' || to_jsonb(r) - 'job_id' - 'token' - 'at' - 'ready_at'
          - 'started_at' as row from vinyasa.jobs j join vinyasa.running_jobs r on r.job_id = j.id
          where j.id = any($1::uuid[]) and r.at = r.ready_at and r.at = r.started_at`,
      },
      [ids],
    );
    return new Map(rows.map(({ id, row }) => [id, row]));
  }

  it("are running when they are answered, as any reader sees them, and can be finished", async () => {
    const [first, second] = [newJob(), newJob()];
    const [started, waiting] = await start([first, second], 1);
    expect(started?.record).toMatchObject({
      status: "RUNNING",
      version: 2,
      attempt: 1,
      threads: 2,
    });
    expect(waiting).toMatchObject({ claimed: null, record: { status: "PENDING", version: 1 } });
    const read = await readJobs(db, [first.id, second.id]);
    expect(read.get(first.id)).toEqual(started?.record);
    expect(read.get(second.id)).toEqual(waiting?.record);
    expect((await readPayloads(db, [first.id])).get(first.id)).toEqual({ a: '"1"' });
    const claimed = started?.claimed;
    if (claimed === null || claimed === undefined) throw new Error("not started");
    const { id, attempt, token } = claimed;
    const done = await finishJobs(db, [{ id, attempt, token, startDelayMs: 0, result: "1" }]);
    expect(done.versions).toEqual([3]);
  });

  it("leave the same claim as if they had waited: nobody else can take them", async () => {
    await start([newJob(), newJob(), newJob()], 2);
    const request = { lanes: [{ lane, threads: 2, from: LANE_START }], limit: 10 };
    const { jobs } = await claimJobs(db, { ...request, instance, worker: 1, token: randomUUID() });
    expect(jobs).toHaveLength(1);
  });

  it("wait for a claim where the instance was declared dead meanwhile", async () => {
    await endInstance(db, { id: instance, uuid });
    const results = await start([newJob(), newJob()], 2);
    expect(results.map(({ claimed }) => claimed)).toEqual([null, null]);
    const read = await readJobs(
      db,
      results.map(({ record }) => record.id),
    );
    expect([...read.values()].map(({ status }) => status)).toEqual(["PENDING", "PENDING"]);
  });

  it("come alone, too, and then differ in nothing", async () => {
    const together = newJob();
    const alone = newJob();
    const [ofTogether] = await start([together, newJob()], 2);
    const [ofAlone] = await start([alone], 1);
    const rows = await readRows([together.id, alone.id]);
    expect(rows.get(alone.id)).toEqual(rows.get(together.id));
    const times = { createdAtMs: 0, scheduledAtMs: 0, startedAtMs: 0, updatedAtMs: 0 };
    const same = { ...times, id: "" };
    expect({ ...ofAlone?.record, ...same }).toEqual({ ...ofTogether?.record, ...same });
    expect((await readJobs(db, [alone.id])).get(alone.id)).toEqual(ofAlone?.record);
  });

  it("wait for a claim, alone too, where the instance was declared dead meanwhile", async () => {
    await endInstance(db, { id: instance, uuid });
    const [result] = await start([newJob()], 1);
    expect(result).toMatchObject({ claimed: null, record: { status: "PENDING", version: 1 } });
    const id = result?.record.id ?? "";
    expect((await readJobs(db, [id])).get(id)).toEqual(result?.record);
  });

  it("are in the log as a submit and a claim, in that order, and are counted once", async () => {
    await start([newJob(), newJob(), newJob()], 2);
    const events = await db.query(
      {
        name: "events",
        text: `select previous_status::int as from, status::int as to, cardinality(job_ids) as jobs,
        versions[1] as version, attempts[1] as attempt
        from vinyasa.job_events where lane = $1 order by epoch, xid, seq`,
      },
      [lane.id],
    );
    expect(events).toEqual([
      { from: null, to: 3, jobs: 3, version: 1, attempt: 0 },
      { from: 3, to: 4, jobs: 2, version: 2, attempt: 1 },
    ]);
    const counted = await db.query(
      {
        name: "counted",
        text: `select status::int, sum(delta)::int as jobs from vinyasa.counter_deltas
        where lane = $1 group by status order by status`,
      },
      [lane.id],
    );
    expect(counted).toEqual([
      { status: 3, jobs: 1 },
      { status: 4, jobs: 2 },
    ]);
  });
});
