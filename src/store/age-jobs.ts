/**
 * Puts ready jobs that have been passed over for too long before all others of their lanes.
 *
 * Passed over is a job while some lane has one of a better rank. With one priority in use nothing is,
 * and the statement looks at two ends of the index a lane and at no row more. Otherwise it walks from
 * the worst rank of a lane to the next by jumps along the primary key, and takes the oldest of each.
 *
 * Aged jobs run in the order of their times. So only so many of a lane are moved ahead as may be
 * claimed before the next round: a backlog of a million is not rewritten for nothing.
 */
import type { Queryable } from "./database.ts";

/** Before every priority: those are from -32,768 to 32,767. */
export const AGED_RANK = -40_000;

/** Aged jobs of a lane that wait at a time. */
const LANE_MAX = 1_000;
/** Moved by one statement, all lanes and ranks having their share. */
const ROUND_MAX = 2_000;
/** Looked at by one statement, others by the next: of lanes by chance, of ranks the worst first. */
const LANES_MAX = 200;
const RANKS_MAX = 1_000;

// Deleted and inserted, not updated: a claim that began earlier would follow an update to the row's new
// place and lock it there, then delete nothing, since its snapshot has no such place: the job would run
// and be ready.
//
// `at` is never later than `ready_at`, so the index's order ends the look at a rank's younger jobs.
// A job that came back to its place (released, rescued) is old by `at` alone: it is looked at, within
// the limit, and left.
const AGE = {
  name: "age-jobs",
  text: `/* age-jobs */
with recursive t as materialized (
  select clock_timestamp() - $1::float8 * interval '1 millisecond' as bound
), lanes (lane) as (
  (select lane from vinyasa.ready_jobs order by lane limit 1)
  union all
  select (select r.lane from vinyasa.ready_jobs r where r.lane > l.lane order by r.lane limit 1)
  from lanes l where l.lane is not null
), ends as materialized (
  select l.lane, f.rank as best, w.rank as worst from lanes l
  cross join lateral (
    select rank from vinyasa.ready_jobs r where r.lane = l.lane and r.rank > ${AGED_RANK}
    order by r.lane, r.rank limit 1
  ) f cross join lateral (
    select rank from vinyasa.ready_jobs r where r.lane = l.lane
    order by r.lane desc, r.rank desc limit 1
  ) w where l.lane is not null
), behind as materialized (
  select e.lane, e.worst, b.best, ${LANE_MAX} - a.n as room
  from ends e cross join (select min(best) as best from ends) b
  cross join lateral (
    select count(*)::int as n from (
      select from vinyasa.ready_jobs r where r.lane = e.lane and r.rank = ${AGED_RANK} limit ${LANE_MAX}
    ) aged
  ) a
  where e.worst > b.best and a.n < ${LANE_MAX} order by random() limit ${LANES_MAX}
), ranks (lane, rank, best, n) as (
  select lane, worst, best, 1 from behind
  union all
  select k.lane, p.rank, k.best, k.n + 1 from ranks k cross join lateral (
    select rank from vinyasa.ready_jobs r
    where r.lane = k.lane and r.rank < k.rank and r.rank > k.best
    order by r.lane desc, r.rank desc limit 1
  ) p where k.n < ${RANKS_MAX}
), shares as materialized (
  select lane, rank, ceil(least(room, ${ROUND_MAX}::numeric / (select count(*) from behind))
    / count(*) over (partition by lane))::int as share
  from ranks join behind using (lane)
), c as materialized (
  select j.tid, j.lane from t, shares s cross join lateral (
    select o.lane, o.tid from (
      select r.lane, r.ctid as tid, r.ready_at from vinyasa.ready_jobs r
      where r.lane = s.lane and r.rank = s.rank and r.at < t.bound
      order by r.lane, r.rank, r.at, r.job_id limit s.share for update skip locked
    ) o where o.ready_at < t.bound
  ) j limit ${ROUND_MAX}
), d as (
  delete from vinyasa.ready_jobs where ctid = any(array(select tid from c)) returning *
), i as (
  insert into vinyasa.ready_jobs (job_id, at, ready_at, lane, rank, version, attempt, attempts_left,
    priority, max_attempts, expires_at, policy, payload)
  select job_id, at, ready_at, lane, ${AGED_RANK}, version, attempt, attempts_left, priority,
    max_attempts, expires_at, policy, payload from d
)
select lane, count(*)::int as jobs from c group by lane`,
};

/** A lane, and how many of its jobs are in front now. */
export interface AgedLane {
  readonly lane: number;
  readonly jobs: number;
}

/** Moves jobs that have been ready for longer than `waitMaxMs`, by the database's clock. */
export function ageJobs(db: Queryable, waitMaxMs: number): Promise<AgedLane[]> {
  return db.query<AgedLane>(AGE, [waitMaxMs]);
}
