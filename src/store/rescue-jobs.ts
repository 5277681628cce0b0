/** Takes running jobs back from instances that died. */
import type { Queryable } from "./database.ts";
import { moveEnded, TOLD_OFF, uncancelled } from "./end-attempts.ts";
import { type MovedJob, type MovedRow, movedJob } from "./moved-job.ts";

/** The code of the error of an attempt that ended with its instance. */
export const LOST = "LOST";

// The attempt is spent: for all we know, it did its work. The job may also be what ended the instance,
// so it goes on as a suspect. SKIP LOCKED: several rescuers at once, or the late finish of an instance
// that is not dead after all, are harmless.
const RESCUE = {
  name: "rescue-jobs",
  text: `/* rescue-jobs */
with t as materialized (select clock_timestamp() as now),
l as materialized (
  select * from unnest($3::int[], $4::int[]) as l (lane, suspect_lane)
), lost as materialized (
  select job_id from vinyasa.running_jobs where instance = any($1::int[])
    and lane = any($3::int[]) order by job_id limit $2::int for update skip locked
), d as (
  delete from vinyasa.running_jobs where job_id = any(array(select job_id from lost)) returning *
), x as materialized (
  select d.*, l.suspect_lane, (case when vinyasa.is_cancel_pending(d.job_id) then 7
      when attempts_left > 0 then 3 else 6 end)::smallint as next_status,
    (select count(*) from vinyasa.job_attempts a where a.job_id = d.job_id and outcome = 5) as losses
  from d join l using (lane)
), ended as materialized (
  select x.*, started_at as began_at, t.now, 5::smallint as outcome, x.at as next_at,
    case when next_status = 3 then suspect_lane else lane end as next_lane,
    attempts_left as next_attempts_left, attempts_left > 0 as retryable,
    case when losses > 0 then format('lost with %s instances: it may be what ends them', losses + 1)
      else 'the instance that ran this attempt was lost' end as error_message,
    '${LOST}' as error_code, null::text as error_stack
  from x, t
), ${TOLD_OFF}${moveEnded("next_lane")}
select job_id as id, next_lane as lane, 4 as from_status, next_status as to_status, priority,
  version + 1 as version, attempt, attempts_left, vinyasa.ms(at) as at_ms, vinyasa.ms(now) as now_ms
from ended`,
};

const LOST_LANES = {
  name: "read-lost-lanes",
  text: `/* read-lost-lanes */
select distinct lane from vinyasa.running_jobs where instance = any($1::int[])`,
};

const READ_CLAIMED = {
  name: "read-claimed-jobs",
  text: `/* read-claimed-jobs */
select job_id as id, token from vinyasa.running_jobs
where instance = $1::int and started_at < clock_timestamp() - $2::float8 * interval '1 millisecond'
order by job_id limit 10000`,
};

/** A running row, as its instance would name it. */
export interface ClaimedRow {
  readonly id: string;
  readonly token: string;
}

/** What the database says this instance has run for longer than `olderThanMs`. */
export function readClaimed(
  db: Queryable,
  instance: number,
  olderThanMs: number,
): Promise<ClaimedRow[]> {
  return db.query<ClaimedRow>(READ_CLAIMED, [instance, olderThanMs]);
}

// A claim whose answer was lost on the way: the rows name its token, and nobody here runs them.
const RELEASE = {
  name: "release-claims",
  text: `/* release-claims */
with t as materialized (select clock_timestamp() as now),
d as (
  delete from vinyasa.running_jobs
  where job_id = any($2::uuid[]) and token = any($3::uuid[]) and instance = $1::int returning *
), ended as materialized (
  select d.*, started_at as began_at, t.now, 6::smallint as outcome, d.at as next_at,
    ${uncancelled("3::smallint", "d.job_id")} as next_status,
    attempts_left + 1 as next_attempts_left, true as retryable,
    null::text as error_message, null::text as error_code, null::text as error_stack
  from d, t
), ${TOLD_OFF}${moveEnded()}
select job_id as id, lane, 4 as from_status, next_status as to_status, priority,
  version + 1 as version, attempt, next_attempts_left as attempts_left, vinyasa.ms(at) as at_ms,
  vinyasa.ms(now) as now_ms from ended`,
};

/** Gives back, unharmed, jobs of this instance that nobody here runs. */
export async function releaseClaims(
  db: Queryable,
  instance: number,
  claims: readonly ClaimedRow[],
): Promise<MovedJob[]> {
  const ids = claims.map(({ id }) => id);
  const rows = await db.query<MovedRow>(RELEASE, [instance, ids, claims.map(({ token }) => token)]);
  return rows.map(movedJob);
}

/** The lanes of what these instances ran. It reads all of running_jobs. */
export async function readLostLanes(
  db: Queryable,
  instances: readonly number[],
): Promise<number[]> {
  const rows = await db.query<{ lane: number }>(LOST_LANES, [instances]);
  return rows.map(({ lane }) => lane);
}

/**
 * At most `limit` jobs of these instances: PENDING again, among the suspects; FAILED where no attempt
 * is left; CANCELLED where that had been asked for.
 *
 * @param suspects the lane to go on in, by the lane that a job ran in; jobs of other lanes stay
 */
export async function rescueJobs(
  db: Queryable,
  instances: readonly number[],
  suspects: ReadonlyMap<number, number>,
  limit: number,
): Promise<MovedJob[]> {
  const lanes = [[...suspects.keys()], [...suspects.values()]];
  const rows = await db.query<MovedRow>(RESCUE, [instances, limit, ...lanes]);
  return rows.map(movedJob);
}
