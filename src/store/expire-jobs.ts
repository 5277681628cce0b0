/** Cancels waiting jobs whose `expiresAt` has passed before they started. */
import type { Queryable } from "./database.ts";
import { logMoves, tellMoves } from "./log-moves.ts";
import { type MovedJob, type MovedRow, movedJob } from "./moved-job.ts";

/**
 * The `expires_at` of a job, for its ready row: the claim passes over it once that has passed, and
 * looks into no other table for it. A look-up by key, whatever the planner thinks.
 */
export function expiryOf(jobId: string): string {
  return `(select j.expires_at from vinyasa.jobs j where j.id = ${jobId})`;
}

// Only those that wait, before the limit: a thousand expiries of running jobs must not hide the rest.
const EXPIRE = {
  name: "expire-jobs",
  text: `/* expire-jobs */
with t as materialized (select clock_timestamp() as now),
due as materialized (
  select e.job_id from vinyasa.job_expiries e where e.expires_at <= (select now from t) and (
    exists (select from vinyasa.blocked_jobs b where b.job_id = e.job_id)
    or exists (select from vinyasa.scheduled_jobs s where s.job_id = e.job_id)
    or exists (select from vinyasa.ready_jobs r where r.job_id = e.job_id))
  order by e.expires_at, e.job_id limit $1::int
), b as (
  delete from vinyasa.blocked_jobs b where job_id = any(array(select job_id from due))
  returning b.job_id, b.lane, b.priority::int, b.at, b.version, b.attempt, b.attempts_left, null::timestamptz as ready_at
), s as (
  delete from vinyasa.scheduled_jobs s where job_id = any(array(select job_id from due))
  returning s.job_id, s.lane, s.priority::int, s.at, s.version, s.attempt, s.attempts_left, null::timestamptz as ready_at
), r as (
  delete from vinyasa.ready_jobs r where job_id = any(array(select job_id from due))
  returning r.job_id, r.lane, r.priority::int, r.at, r.version, r.attempt, r.attempts_left, r.ready_at
), x as (
  select 1::smallint as from_status, * from b union all select 2::smallint, * from s
  union all select 3::smallint, * from r
), f as (
  insert into vinyasa.finished_jobs (job_id, status, lane, priority, version, attempt, attempts_left,
    at, ready_at, finished_at)
  select job_id, 7, lane, priority, version + 1, attempt, attempts_left, at, ready_at, t.now from x, t
), moved as (
  select job_id, lane, from_status, 7::smallint as to_status, version + 1 as version, attempt,
    'expired before it started' as message from x
), ${logMoves("moved")}, ${tellMoves("moved")}
select job_id as id, lane, from_status, 7 as to_status, priority, version + 1 as version, attempt,
  attempts_left, vinyasa.ms(at) as at_ms, vinyasa.ms(t.now) as now_ms from x, t`,
};

// An expiry stays for as long as its job may still come to wait: a running one may fail and be
// scheduled again, and a move in the same moment may have hidden the row from the statement above.
const FORGET = {
  name: "forget-expiries",
  text: `/* forget-expiries */
delete from vinyasa.job_expiries e where expires_at <= clock_timestamp()
  and not exists (select from vinyasa.blocked_jobs b where b.job_id = e.job_id)
  and not exists (select from vinyasa.scheduled_jobs s where s.job_id = e.job_id)
  and not exists (select from vinyasa.ready_jobs r where r.job_id = e.job_id)
  and not exists (select from vinyasa.running_jobs r where r.job_id = e.job_id)`,
};

export async function expireJobs(db: Queryable, limit: number): Promise<MovedJob[]> {
  const rows = await db.query<MovedRow>(EXPIRE, [limit]);
  await db.query(FORGET);
  return rows.map(movedJob);
}
