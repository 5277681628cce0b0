/** Jobs put into the tables as they stand, in any state, with the counters that belong to them. */
import { type JobStatus, statusCode } from "../../src/domain/job.ts";
import type { Queryable } from "../../src/store/database.ts";

/** Times are UTC with microseconds: "2026-11-24T07:20:00.123456Z". */
export interface SeedJob {
  readonly id: string;
  readonly lane: number;
  readonly status: JobStatus;
  readonly priority: number;
  readonly at: string;
  /** When the state began; the finish of a finished job. */
  readonly since: string;
  readonly readyAt: string | null;
  readonly startedAt: string | null;
  readonly name: string | null;
  readonly tags: readonly string[] | null;
  readonly payload: unknown;
  readonly result?: unknown;
  readonly instance?: number;
  readonly attempt?: number;
}

const COLUMNS = `job_id, lane, priority, at, version, attempt, attempts_left`;
const VALUES = `id, lane, priority, at, 2, coalesce(attempt, 1), 2`;

const SEED = {
  name: "seed-jobs",
  text: `/* seed-jobs */
with x as materialized (
  select * from jsonb_to_recordset($1::jsonb) as x (id uuid, lane int, status smallint,
    priority smallint, at timestamptz, since timestamptz, "readyAt" timestamptz,
    "startedAt" timestamptz, name text, tags text[], payload jsonb, result jsonb, instance int,
    attempt int)
), jobs as (
  insert into vinyasa.jobs (id, lane, max_attempts, policy, name, tags, payload)
  select id, lane, 3, '[0,2000,3600000,0.25,60000]', name, tags, coalesce(payload, 'null') from x
  on conflict do nothing
), blocked as (
  insert into vinyasa.blocked_jobs (${COLUMNS}, open_parents, since)
  select ${VALUES}, 1, since from x where status = 1
), scheduled as (
  insert into vinyasa.scheduled_jobs (${COLUMNS}, since)
  select ${VALUES}, since from x where status = 2
), ready as (
  insert into vinyasa.ready_jobs (job_id, lane, rank, priority, at, version, attempt,
    attempts_left, ready_at)
  select id, lane, -priority::int, priority, at, 2, coalesce(attempt, 1), 2, since from x where status = 3
), running as (
  insert into vinyasa.running_jobs (${COLUMNS}, token, instance, worker, threads, ready_at,
    started_at, progress, claim_version)
  select ${VALUES}, id, coalesce(instance, 1), 0, 1, "readyAt", since, 0.3, 2 from x where status = 4
), finished as (
  insert into vinyasa.finished_jobs (${COLUMNS}, status, worker, threads, instance, ready_at,
    started_at, finished_at, result)
  select ${VALUES}, status, 0, 2, coalesce(instance, 1), "readyAt", "startedAt", since, result
  from x where status > 4
)
insert into vinyasa.counter_deltas (lane, status, delta)
select lane, status, count(*) from x group by lane, status`,
};

export async function seedJobs(db: Queryable, jobs: readonly SeedJob[]): Promise<void> {
  const rows = jobs.map((job) => ({ ...job, status: statusCode(job.status) }));
  await db.query(SEED, [JSON.stringify(rows)]);
}

const UNSEED = ["blocked", "scheduled", "ready", "running", "finished"].map((state) => ({
  name: `unseed-${state}`,
  text: `/* unseed-${state} */ delete from vinyasa.${state}_jobs where job_id = $1`,
}));

const COUNT_OFF = {
  name: "count-off",
  text: "/* count-off */ insert into vinyasa.counter_deltas values ($1::int, $2::smallint, -1)",
};

const DELETE = {
  name: "delete-job",
  text: "/* delete-job */ delete from vinyasa.jobs where id = $1",
};

/** Takes the job out of its state, as the first half of a move or, with `forGood`, of its deletion. */
export async function unseedJob(db: Queryable, job: SeedJob, forGood: boolean): Promise<void> {
  for (const statement of UNSEED) await db.query(statement, [job.id]);
  await db.query(COUNT_OFF, [job.lane, statusCode(job.status)]);
  if (forGood) await db.query(DELETE, [job.id]);
}
