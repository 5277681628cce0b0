/** Cancels waiting jobs whose `expiresAt` has passed before they started. */
import { cancelWaiting } from "./cancel-waiting.ts";
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

// As `expiryReason` of the domain has it.
const REASON = `'expired at ' || to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      || ', before it could start' || case when attempt > 0 then ' again' else '' end`;

// Only those that wait, before the limit: a thousand expiries of running jobs must not hide the rest.
const EXPIRE = {
  name: "expire-jobs",
  text: `/* expire-jobs */
with t as materialized (select clock_timestamp() as now),
due as materialized (
  select e.job_id, e.expires_at from vinyasa.job_expiries e where e.expires_at <= (select now from t) and (
    exists (select from vinyasa.blocked_jobs b where b.job_id = e.job_id)
    or exists (select from vinyasa.scheduled_jobs s where s.job_id = e.job_id)
    or exists (select from vinyasa.ready_jobs r where r.job_id = e.job_id))
  order by e.expires_at, e.job_id limit $1::int
), ${cancelWaiting("select job_id from due")}, moved as (
  select job_id, lane, from_status, 7::smallint as to_status, version + 1 as version, attempt,
    ${REASON} as message
  from w join due using (job_id)
), ${logMoves("moved")}, ${tellMoves("moved")}
select job_id as id, lane, from_status, 7 as to_status, priority, version + 1 as version, attempt,
  attempts_left, vinyasa.ms(at) as at_ms, vinyasa.ms(t.now) as now_ms from w, t`,
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
