/** The part that every statement which moves jobs shares: the event log, the counters, the history. */

/**
 * Common table expressions that record the moves in the expression named `source`: `logged` for the
 * event log and `counted` for the counters. It must have the columns job_id, lane, from_status (null
 * for a submit), to_status, version and attempt. Being in the same statement, they commit with the
 * move or not at all. A submit comes before what the same statement makes of the job.
 *
 * @param fromLane the column with the lane that a job leaves, where it may be another one
 */
export function logMoves(source: string, fromLane = "lane"): string {
  const lanes = fromLane === "lane" ? "lane" : `lane, ${fromLane}`;
  return `g as materialized (
    select ${lanes}, from_status, to_status, count(*)::int as n, array_agg(job_id) as job_ids,
      array_agg(version) as versions, array_agg(attempt) as attempts
    from ${source} group by ${lanes}, from_status, to_status
  ), logged as (
    insert into vinyasa.job_events (lane, previous_status, status, job_ids, versions, attempts)
    select lane, from_status, to_status, job_ids, versions, attempts from g
    order by from_status nulls first
  ), counted as (
    insert into vinyasa.counter_deltas (lane, status, delta)
    select lane, to_status, n from g
    union all
    select ${fromLane}, from_status, -n from g where from_status is not null
  )`;
}

/**
 * The expression `told`: a line of each job's history for the moves in `source`, which must have the
 * column `message` too. Left out of the three moves that nearly all jobs make and that can be derived:
 * submit to PENDING, claim, success.
 */
export function tellMoves(source: string, where = "true"): string {
  return `told as (
    insert into vinyasa.job_history (job_id, version, attempt, previous_status, status, message)
    select job_id, version, attempt, from_status, to_status, message from ${source} where ${where}
  )`;
}
