/** Takes running jobs back from instances that died. */
import type { Queryable } from "./database.ts";
import { MOVE_ENDED, uncancelled } from "./end-attempts.ts";
import { type MovedJob, type MovedRow, movedJob } from "./moved-job.ts";

// The attempt is spent: for all we know, it did its work. SKIP LOCKED: several rescuers at once, or
// the late finish of an instance that is not dead after all, are harmless.
const RESCUE = {
  name: "rescue-jobs",
  text: `/* rescue-jobs */
with t as materialized (select clock_timestamp() as now),
lost as materialized (
  select job_id from vinyasa.running_jobs where instance = any($1::int[])
  order by job_id limit $2::int for update skip locked
), d as (
  delete from vinyasa.running_jobs where job_id = any(array(select job_id from lost)) returning *
), ended as materialized (
  select d.*, started_at as began_at, t.now, 5::smallint as outcome, d.at as next_at,
    (case when attempts_left > 0 then 3 else 6 end)::smallint as next_status,
    attempts_left as next_attempts_left, attempts_left > 0 as retryable,
    'the instance that ran this attempt was lost' as error_message,
    'LOST' as error_code, null::text as error_stack
  from d, t
)${MOVE_ENDED}
select job_id as id, lane, 4 as from_status, next_status as to_status, priority,
  version + 1 as version, attempt, attempts_left, vinyasa.ms(at) as at_ms, vinyasa.ms(now) as now_ms
from ended`,
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
)${MOVE_ENDED}
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

/** At most `limit` jobs of these instances: PENDING again, or FAILED where no attempt is left. */
export async function rescueJobs(
  db: Queryable,
  instances: readonly number[],
  limit: number,
): Promise<MovedJob[]> {
  const rows = await db.query<MovedRow>(RESCUE, [instances, limit]);
  return rows.map(movedJob);
}
