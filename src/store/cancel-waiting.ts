/** The part that a cancel and an expiry share: jobs leave whatever table they wait in, as CANCELLED. */

const WAITING = "job_id, lane, priority, at, version, attempt, attempts_left";

/**
 * Common table expressions of which `w` has the rows as they waited, with ready_at and from_status.
 * They need the time of the move as `t.now`.
 *
 * @param ids a query of job ids, in their order
 */
export function cancelWaiting(ids: string): string {
  const taken = `where job_id = any(array(${ids})) returning ${WAITING}`;
  return `b as (
  delete from vinyasa.blocked_jobs ${taken}, null::timestamptz as ready_at
), s as (
  delete from vinyasa.scheduled_jobs ${taken}, null::timestamptz as ready_at
), r as (
  delete from vinyasa.ready_jobs ${taken}, ready_at
), w as (
  select 1::smallint as from_status, * from b union all select 2::smallint, * from s
  union all select 3::smallint, * from r
), f as (
  insert into vinyasa.finished_jobs (job_id, status, lane, priority, version, attempt, attempts_left,
    at, ready_at, finished_at)
  select job_id, 7, lane, priority, version + 1, attempt, attempts_left, at, ready_at, t.now from w, t
)`;
}
