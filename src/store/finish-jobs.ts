/** Records attempts that succeeded: the second hot statement of the engine. */
import type { EndedAttempt } from "./attempt-claim.ts";
import type { Queryable } from "./database.ts";
import { logMoves } from "./log-moves.ts";

export interface FinishedAttempt extends EndedAttempt {
  /** JSON text. */
  readonly result: string;
}

/** A row that the statement changed. An attempt that is missing among them was no longer ours. */
export interface FinishedRow {
  readonly id: string;
  readonly version: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

// The lock on each row can only be a look-up by its key, and the delete a list of keys. A plain join of
// running_jobs to the batch is what the planner turns round when its statistics come from a moment in
// which nothing ran: a batch of 1,000 then takes 200 ms instead of 25.
const FINISH = {
  name: "finish-jobs",
  text: `/* finish-jobs */
with t as materialized (select clock_timestamp() as now),
x as materialized (
  select * from unnest($1::uuid[], $2::int[], $3::uuid[], $4::float8[], $5::jsonb[])
    as x (id, attempt, token, start_delay_ms, result)
), c as materialized (
  select r.*, r.started_at + x.start_delay_ms * interval '1 millisecond' as began_at, x.result
  from x cross join lateral (
    select *, r.ctid as tid from vinyasa.running_jobs r
    where r.job_id = x.id and r.attempt = x.attempt and r.token = x.token for update
  ) r
), d as (
  delete from vinyasa.running_jobs where ctid = any(array(select tid from c))
), f as (
  insert into vinyasa.finished_jobs (job_id, status, lane, priority, worker, threads, instance,
    version, attempt, attempts_left, at, ready_at, started_at, finished_at, claim_version, result)
  select job_id, 5, lane, priority, worker, threads, instance, version + 1, attempt, attempts_left,
    at, ready_at, began_at, t.now, claim_version, result from c, t
), moved as (
  select job_id, lane, 4::smallint as from_status, 5::smallint as to_status,
    version + 1 as version, attempt from c
), ${logMoves("moved")}
select job_id as id, version + 1 as version, vinyasa.ms(began_at) as started_ms,
  vinyasa.ms(t.now) as now_ms from c, t`,
};

interface Row {
  id: string;
  version: number;
  started_ms: number;
  now_ms: number;
}

export async function finishJobs(
  db: Queryable,
  attempts: readonly FinishedAttempt[],
): Promise<FinishedRow[]> {
  const rows = await db.query<Row>(FINISH, [
    attempts.map((attempt) => attempt.id),
    attempts.map((attempt) => attempt.attempt),
    attempts.map((attempt) => attempt.token),
    attempts.map((attempt) => attempt.startDelayMs),
    attempts.map((attempt) => attempt.result),
  ]);
  return rows.map((row) => ({
    id: row.id,
    version: row.version,
    startedAtMs: row.started_ms,
    finishedAtMs: row.now_ms,
  }));
}
