/** Moves jobs whose time has come from SCHEDULED to PENDING. */
import type { Queryable } from "./database.ts";
import { expiryOf } from "./expire-jobs.ts";
import { logMoves, tellMoves } from "./log-moves.ts";
import { type MovedJob, type MovedRow, movedJob } from "./moved-job.ts";

// SKIP LOCKED: several promoters at once share the work instead of waiting for each other.
const PROMOTE = {
  name: "promote-jobs",
  text: `/* promote-jobs */
with t as materialized (select clock_timestamp() as now),
due as materialized (
  select s.job_id from vinyasa.scheduled_jobs s where s.at <= (select now from t)
  order by s.at, s.job_id limit $1::int for update skip locked
), d as (
  delete from vinyasa.scheduled_jobs where job_id = any(array(select job_id from due)) returning *
), r as (
  insert into vinyasa.ready_jobs (lane, rank, priority, at, job_id, version, attempt, attempts_left,
    ready_at, expires_at)
  select lane, -priority::int, priority, at, job_id, version + 1, attempt, attempts_left, at,
    ${expiryOf("d.job_id")} from d
), moved as (
  select job_id, lane, 2::smallint as from_status, 3::smallint as to_status, version + 1 as version,
    attempt, null::text as message from d
), ${logMoves("moved")}, ${tellMoves("moved")}
select job_id as id, lane, 2 as from_status, 3 as to_status, priority, version + 1 as version,
  attempt, attempts_left, vinyasa.ms(at) as at_ms, vinyasa.ms(t.now) as now_ms from d, t`,
};

const NEXT_DUE = {
  name: "next-due",
  text: `/* next-due */
with t as materialized (select clock_timestamp() as now)
select vinyasa.ms(now) as now_ms, (
  select (extract(epoch from at - now) * 1000)::float8 from vinyasa.scheduled_jobs
  order by at, job_id limit 1
) as wait_ms from t`,
};

export async function promoteJobs(db: Queryable, limit: number): Promise<MovedJob[]> {
  const rows = await db.query<MovedRow>(PROMOTE, [limit]);
  return rows.map(movedJob);
}

export interface NextDue {
  /** Milliseconds until the earliest scheduled job is due (negative: overdue); null without one. */
  readonly waitMs: number | null;
  /** The database's clock, in milliseconds since 1970. */
  readonly nowMs: number;
}

export async function readNextDue(db: Queryable): Promise<NextDue> {
  const [row] = await db.query<{ now_ms: number; wait_ms: number | null }>(NEXT_DUE);
  if (row === undefined) throw new Error("next-due returned no row");
  return { waitMs: row.wait_ms, nowMs: row.now_ms };
}
