/** Makes failed and cancelled jobs ready again, with a fresh set of attempts. */
import { bareArray } from "./array-literal.ts";
import type { Queryable } from "./database.ts";
import { logMoves, tellMoves } from "./log-moves.ts";
import { type MovedJob, type MovedRow, movedJob } from "./moved-job.ts";

// An `expiresAt` that would forbid the new start no longer counts: whoever retries a job wants it to
// run. It is the one thing of a submitted job that is ever changed. Its row among the expiries goes,
// too, or the expirer would cancel the job again. A suspect that failed goes back to its first lane.
const RETRY = {
  name: "retry-jobs",
  text: `/* retry-jobs */
with t as materialized (select clock_timestamp() as now),
x as materialized (select id from unnest($1::uuid[]) as x (id) order by id),
c as materialized (
  select f.job_id, f.status, f.priority, f.version, f.attempt, f.lane as left_lane, j.lane,
    j.max_attempts, j.expires_at, t.now,
    greatest(t.now, to_timestamp(($2::jsonb ->> x.id::text)::float8 / 1000)) as at
  from t, x cross join lateral (
    select * from vinyasa.finished_jobs f
    where f.job_id = x.id and f.status in (6, 7) for update
  ) f cross join lateral (
    select lane, max_attempts, expires_at from vinyasa.jobs j where j.id = f.job_id offset 0
  ) j
), d as (
  delete from vinyasa.finished_jobs where job_id = any(array(select job_id from c))
), r as (
  insert into vinyasa.ready_jobs (lane, rank, priority, at, job_id, version, attempt, attempts_left,
    ready_at, expires_at)
  select lane, -priority::int, priority, at, job_id, version + 1, attempt, max_attempts, now,
    case when expires_at > at then expires_at end from c where at <= now
), s as (
  insert into vinyasa.scheduled_jobs (job_id, lane, priority, at, version, attempt, attempts_left, since)
  select job_id, lane, priority, at, version + 1, attempt, max_attempts, now from c where at > now
), k as (
  delete from vinyasa.cancellations where job_id = any(array(select job_id from c))
), e as (
  delete from vinyasa.job_expiries e using c
  where e.expires_at = c.expires_at and e.job_id = c.job_id and c.expires_at <= c.at
), j as (
  update vinyasa.jobs set expires_at = null
  where id = any(array(select job_id from c where expires_at <= at))
), moved as (
  select job_id, lane, left_lane, status as from_status, version + 1 as version, attempt,
    (case when at > now then 2 else 3 end)::smallint as to_status, 'retried'::text as message from c
), ${logMoves("moved", "left_lane")}, ${tellMoves("moved")}
select job_id as id, lane, status as from_status, case when at > now then 2 else 3 end as to_status,
  priority, version + 1 as version, attempt, max_attempts as attempts_left, vinyasa.ms(at) as at_ms,
  vinyasa.ms(now) as now_ms from c`,
};

/** One job of a list. */
export interface Retry {
  /** In lower case; each id once in a list. */
  readonly id: string;
  /** Not before this time; null, or a time in the past: at once. */
  readonly startAtMs: number | null;
}

/**
 * Jobs that are neither FAILED nor CANCELLED are absent, and so are those that another retry of the
 * same moment took: look again with a new call.
 */
export async function retryEach(db: Queryable, retries: readonly Retry[]): Promise<MovedJob[]> {
  const times = Object.fromEntries(retries.map(({ id, startAtMs }) => [id, startAtMs]));
  const ids = bareArray(retries.map(({ id }) => id));
  const rows = await db.query<MovedRow>(RETRY, [ids, JSON.stringify(times)]);
  return rows.map(movedJob);
}

/** All at one time. */
export function retryJobs(
  db: Queryable,
  ids: readonly string[],
  startAtMs: number | null,
): Promise<MovedJob[]> {
  return retryEach(
    db,
    ids.map((id) => ({ id, startAtMs })),
  );
}
