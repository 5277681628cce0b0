/** The part that every statement which moves jobs shares: the event log and the counters. */

/**
 * Two common table expressions, `logged` and `counted`, that record the moves in the expression
 * named `source`. It must have the columns job_id, lane, from_status (null for a submit), to_status,
 * version, attempt and message. Being in the same statement, they commit with the move or not at all.
 */
export function logMoves(source: string): string {
  return `logged as (
    insert into vinyasa.job_events (job_id, version, status, previous_status, attempt, lane, message)
    select job_id, version, to_status, from_status, attempt, lane, message from ${source}
  ), counted as (
    insert into vinyasa.counter_deltas (lane, status, delta)
    select lane, status, sum(n) from (
      select lane, to_status, count(*) from ${source} group by lane, to_status
      union all
      select lane, from_status, -count(*) from ${source}
      where from_status is not null group by lane, from_status
    ) as c (lane, status, n) group by lane, status
  )`;
}
