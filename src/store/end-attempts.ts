/** Records attempts that did not succeed, and moves their jobs to where the domain decided. */
import { type JobStatus, statusCode, statusFromCode } from "../domain/job.ts";
import {
  type AttemptError,
  type AttemptOutcome,
  type Decision,
  outcomeCode,
} from "../domain/outcome.ts";
import type { EndedAttempt } from "./attempt-claim.ts";
import type { Queryable } from "./database.ts";
import { expiryOf } from "./expire-jobs.ts";
import { logMoves, tellMoves } from "./log-moves.ts";

export interface UnsuccessfulAttempt extends EndedAttempt {
  readonly outcome: Exclude<AttemptOutcome, "COMPLETED">;
  readonly error: AttemptError | null;
  readonly next: Decision;
}

export interface EndedRow {
  readonly id: string;
  readonly version: number;
  readonly status: JobStatus;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly scheduledAtMs: number;
}

/**
 * The moves that end an attempt, from the rows of an expression `ended` with the columns of
 * running_jobs and began_at, now, outcome, next_status, next_at, next_attempts_left, retryable,
 * error_message, error_code, error_stack.
 *
 * @param nextLane the column with the lane that the job goes on in
 */
export function moveEnded(nextLane = "lane"): string {
  return `, a as (
  insert into vinyasa.job_attempts (job_id, number, outcome, instance, worker, threads, ready_at,
    started_at, finished_at, retryable, message, code, stack)
  select job_id, attempt, outcome, instance, worker, threads, ready_at, began_at, now, retryable,
    error_message, error_code, error_stack from ended
), s as (
  insert into vinyasa.scheduled_jobs (job_id, lane, priority, at, version, attempt, attempts_left, since)
  select job_id, ${nextLane}, priority, next_at, version + 1, attempt, next_attempts_left, now
  from ended where next_status = 2
), r as (
  insert into vinyasa.ready_jobs (lane, rank, priority, at, job_id, version, attempt, attempts_left,
    ready_at, expires_at)
  select ${nextLane}, -priority::int, priority, next_at, job_id, version + 1, attempt,
    next_attempts_left, now, ${expiryOf("ended.job_id")} from ended where next_status = 3
), f as (
  insert into vinyasa.finished_jobs (job_id, status, lane, priority, worker, threads, instance,
    version, attempt, attempts_left, at, ready_at, started_at, finished_at, claim_version)
  select job_id, next_status, ${nextLane}, priority, worker, threads, instance, version + 1, attempt,
    next_attempts_left, at, ready_at, began_at, now, claim_version from ended where next_status >= 5
), moved as (
  select job_id, ${nextLane} as lane, lane as left_lane, 4::smallint as from_status,
    next_status as to_status, version + 1 as version, attempt, left(error_message, 500) as message
  from ended
), ${logMoves("moved", nextLane === "lane" ? "lane" : "left_lane")}, ${tellMoves("moved")}, began as (
  insert into vinyasa.job_history (job_id, version, attempt, at, previous_status, status)
  select job_id, claim_version, attempt, began_at, 3, 4 from ended
)`;
}

/**
 * `status`, a number, or CANCELLED where it would let a job run again that somebody asked to cancel:
 * of the moves from RUNNING, those to SCHEDULED and PENDING. A rescue cancels what it would fail, too.
 * For a row that is locked: then no cancel can come between this look and the move.
 */
export function uncancelled(status: string, jobId: string): string {
  return `case when ${status} in (2, 3) and vinyasa.is_cancel_pending(${jobId})
    then 7::smallint else ${status} end`;
}

/** The expression `told_off`: nobody has to be told any more to cancel the jobs of `ended`. */
export const TOLD_OFF = `told_off as (
  update vinyasa.cancellations c set instance = null
  where c.job_id = any(array(select job_id from ended)) and c.instance is not null
)`;

const END = {
  name: "end-attempts",
  text: `/* end-attempts */
with t as materialized (select clock_timestamp() as now),
x as materialized (
  select * from unnest($1::uuid[], $2::int[], $3::uuid[], $4::int[], $5::smallint[], $6::smallint[],
    $7::float8[], $8::int[], $9::boolean[], $10::text[], $11::text[], $12::text[])
    as x (id, ended_attempt, ended_token, start_delay_ms, outcome, wanted_status, next_delay_ms,
      next_attempts_left, retryable, error_message, error_code, error_stack)
), ended as materialized (
  select r.*, x.*, t.now, ${uncancelled("x.wanted_status", "r.job_id")} as next_status,
    r.started_at + x.start_delay_ms * interval '1 millisecond' as began_at,
    case when wanted_status = 2
      then t.now + next_delay_ms * interval '1 millisecond' else r.at end as next_at
  from t, x cross join lateral (
    select * from vinyasa.running_jobs r
    where r.job_id = x.id and r.attempt = x.ended_attempt and r.token = x.ended_token for update
  ) r
), d as (
  delete from vinyasa.running_jobs where job_id = any(array(select job_id from ended))
), ${TOLD_OFF}${moveEnded()}
select job_id as id, version + 1 as version, next_status, vinyasa.ms(began_at) as started_ms,
  vinyasa.ms(now) as now_ms,
  vinyasa.ms(case when next_status >= 5 then at else next_at end) as at_ms from ended`,
};

interface Row {
  id: string;
  version: number;
  next_status: number;
  started_ms: number;
  now_ms: number;
  at_ms: number;
}

/** The rows that changed. An attempt that is missing among them was no longer ours. */
export async function endAttempts(
  db: Queryable,
  attempts: readonly UnsuccessfulAttempt[],
): Promise<EndedRow[]> {
  const rows = await db.query<Row>(END, [
    attempts.map((attempt) => attempt.id),
    attempts.map((attempt) => attempt.attempt),
    attempts.map((attempt) => attempt.token),
    attempts.map((attempt) => attempt.startDelayMs),
    attempts.map((attempt) => outcomeCode(attempt.outcome)),
    attempts.map((attempt) => statusCode(attempt.next.status)),
    attempts.map((attempt) => attempt.next.delayMs),
    attempts.map((attempt) => attempt.next.attemptsLeft),
    attempts.map((attempt) => attempt.error?.retryable ?? null),
    attempts.map((attempt) => attempt.error?.message ?? null),
    attempts.map((attempt) => attempt.error?.code ?? null),
    attempts.map((attempt) => attempt.error?.stack ?? null),
  ]);
  return rows.map((row) => ({
    id: row.id,
    version: row.version,
    status: statusFromCode(row.next_status),
    startedAtMs: row.started_ms,
    endedAtMs: row.now_ms,
    scheduledAtMs: row.at_ms,
  }));
}
