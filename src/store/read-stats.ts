/** Numbers of jobs by status, and how long the oldest ready one has waited: no big table is counted. */
import { JOB_STATUSES, type JobStatus } from "../domain/job.ts";
import type { StatsFilter, StatsRecord } from "../domain/stats.ts";
import type { Queryable } from "./database.ts";
import type { LaneCatalog } from "./lane-catalog.ts";

// The heads are the first jobs of each (lane, priority), each found by one descent of the primary
// key. Their number is the number of lanes times the priorities in use; the limit keeps a million
// jobs of as many priorities from being walked one by one.
const READ = {
  name: "read-stats",
  text: `/* read-stats */
with recursive counts as materialized (
  select lane, status, sum(n) as n from (
    select lane, status, count as n from vinyasa.counters
    union all
    select lane, status, delta from vinyasa.counter_deltas
  ) c where $1::int[] is null or lane = any($1::int[]) group by lane, status
), heads as (
  select h.* from (select lane from counts where status = 3 and n > 0) c
  cross join lateral (
    select lane, rank, at from vinyasa.ready_jobs r where r.lane = c.lane
    order by lane, rank, at, job_id limit 1
  ) h
  union all
  select h.* from heads b
  cross join lateral (
    select lane, rank, at from vinyasa.ready_jobs r
    where r.lane = b.lane and r.rank > b.rank
    order by lane, rank, at, job_id limit 1
  ) h
)
select vinyasa.ms(clock_timestamp()) as now_ms,
  (select vinyasa.ms(min(at)) from (select at from heads limit 10000) h) as oldest_ms,
  array(select coalesce(sum(n), 0)::float8 from generate_series(1, 7) as x (status)
    left join counts using (status) group by status order by status) as counts`,
};

interface Row {
  now_ms: number;
  oldest_ms: number | null;
  counts: number[];
}

/**
 * Exact numbers, of one snapshot. Where more than 10,000 pairs of lane and priority have ready jobs,
 * the oldest is looked for among the first 10,000.
 */
export async function readStats(
  db: Queryable,
  lanes: LaneCatalog,
  filter: StatsFilter,
): Promise<StatsRecord> {
  const [row] = await db.query<Row>(READ, [await laneIds(lanes, filter)]);
  if (row === undefined) throw new Error("read-stats returned no row");
  const counts = JOB_STATUSES.map((status, index) => [status, row.counts[index] ?? 0] as const);
  return {
    asOfMs: row.now_ms,
    counts: Object.fromEntries(counts) as Record<JobStatus, number>,
    oldestPendingAtMs: row.oldest_ms,
  };
}

/** Null for any lane. Another instance may have made lanes that are not known here yet. */
async function laneIds(lanes: LaneCatalog, filter: StatsFilter): Promise<number[] | null> {
  const { queues, types } = filter;
  if (queues === undefined && types === undefined) return null;
  await lanes.load();
  const matching = lanes.matching({
    ...(queues !== undefined && { queues }),
    ...(types !== undefined && { types }),
  });
  return matching.map((lane) => lane.id);
}
