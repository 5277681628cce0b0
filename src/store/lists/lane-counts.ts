/** How many jobs each lane and status has, from the counters: exact, and no big table is read. */
import { JOB_STATUSES, type JobStatus, statusFromCode } from "../../domain/job.ts";
import type { Queryable } from "../database.ts";

export type StatusCounts = Readonly<Record<JobStatus, number>>;

const DELTAS_AND_COUNTS = `(
  select lane, status, count as n from vinyasa.counters
  union all
  select lane, status, delta from vinyasa.counter_deltas
) c`;

const READ_BY_LANE = {
  name: "read-lane-counts",
  text: `/* read-lane-counts */
select lane, status::int, sum(n)::float8 as n from ${DELTAS_AND_COUNTS}
group by lane, status having sum(n) <> 0`,
};

const READ = {
  name: "read-status-counts",
  text: `/* read-status-counts */
select status::int, sum(n)::float8 as n from ${DELTAS_AND_COUNTS} group by status`,
};

/** By lane id. Lanes without jobs are absent. */
export async function readLaneCounts(db: Queryable): Promise<Map<number, StatusCounts>> {
  const counts = new Map<number, Record<JobStatus, number>>();
  const rows = await db.query<{ lane: number; status: number; n: number }>(READ_BY_LANE);
  for (const { lane, status, n } of rows) {
    const ofLane = counts.get(lane) ?? noCounts();
    ofLane[statusFromCode(status)] = n;
    counts.set(lane, ofLane);
  }
  return counts;
}

export async function readStatusCounts(db: Queryable): Promise<StatusCounts> {
  const counts = noCounts();
  for (const { status, n } of await db.query<{ status: number; n: number }>(READ)) {
    counts[statusFromCode(status)] = n;
  }
  return counts;
}

export function sumOf(counts: StatusCounts, statuses: readonly JobStatus[]): number {
  return statuses.reduce((sum, status) => sum + counts[status], 0);
}

export function addCounts(all: Iterable<StatusCounts>): StatusCounts {
  const total = noCounts();
  for (const counts of all) {
    for (const status of JOB_STATUSES) total[status] += counts[status];
  }
  return total;
}

function noCounts(): Record<JobStatus, number> {
  return {
    BLOCKED: 0,
    SCHEDULED: 0,
    PENDING: 0,
    RUNNING: 0,
    COMPLETED: 0,
    FAILED: 0,
    CANCELLED: 0,
  };
}
