/** Cancels jobs: waiting ones at once, running ones by a request to the instance that runs them. */
import { bareArray } from "./array-literal.ts";
import { cancelWaiting } from "./cancel-waiting.ts";
import type { Queryable } from "./database.ts";
import { logMoves, tellMoves } from "./log-moves.ts";
import { type MovedJob, type MovedRow, movedJob } from "./moved-job.ts";

/** A waiting job that is CANCELLED now, or a running one whose instance is to let go of it. */
export interface CancelledJob extends MovedJob {
  /** The running attempt; null where the job was waiting. */
  readonly running: RunningCancel | null;
}

export interface RunningCancel {
  /** The number of the instance that runs the job. */
  readonly instance: number;
  /** False: it was asked for before, and nothing changed. */
  readonly isNew: boolean;
  readonly threads: number;
  readonly progress: number | null;
  readonly startedAtMs: number;
  readonly readyAtMs: number;
}

// The reasons are an object by id: rows to join would invite another plan for the deletes.
const reasonOf = (id: string) => `$2::jsonb ->> ${id}::text`;

// The lock on the running row makes this and the attempt's end take turns: whichever comes second sees
// what the first one wrote. A request of long ago is kept with its reason, and only turned to the
// instance that runs the job now. "xmax = 0" tells a row that was inserted from one that was found.
const cancelStatement = (name: string, where: string) => ({
  name,
  text: `/* ${name} */
with t as materialized (select clock_timestamp() as now),
x as materialized (select id from unnest($1::uuid[]) as x (id) where ${where} order by id),
${cancelWaiting("select id from x")}, running as materialized (
  select r.*, ${reasonOf("r.job_id")} as reason from x cross join lateral (
    select * from vinyasa.running_jobs r where r.job_id = x.id for no key update
  ) r
), noted as (
  insert into vinyasa.cancellations as c (job_id, instance, requested_at, reason)
  select job_id, null::int, t.now, ${reasonOf("job_id")} from w, t
  union all
  select job_id, instance, t.now, reason from running, t
  on conflict (job_id) do update set instance = excluded.instance
    where c.instance is distinct from excluded.instance
  returning job_id, (xmax = 0) as fresh
), asked as (
  update vinyasa.running_jobs r set version = r.version + 1
  where r.job_id = any(array(select job_id from noted where fresh))
  returning r.job_id, r.lane, r.version, r.attempt, ${reasonOf("r.job_id")} as reason
), moved as (
  select job_id, lane, from_status, 7::smallint as to_status, version + 1 as version, attempt,
    ${reasonOf("job_id")} as message from w
), ${logMoves("moved")}, lines as (
  select * from moved
  union all
  select job_id, lane, 4::smallint, 4::smallint, version, attempt,
    'cancel requested' || coalesce(': ' || reason, '') from asked
), ${tellMoves("lines")}
select job_id as id, lane, from_status, 7 as to_status, priority, version + 1 as version, attempt,
  attempts_left, vinyasa.ms(at) as at_ms, vinyasa.ms(t.now) as now_ms, null::int as instance,
  false as is_new, null::int as threads, null::real as progress, null::float8 as started_ms,
  null::float8 as ready_ms
from w, t
union all
select r.job_id, r.lane, 4, 4, r.priority, coalesce(a.version, r.version), r.attempt,
  r.attempts_left, vinyasa.ms(r.at), vinyasa.ms(t.now), r.instance, a.job_id is not null,
  r.threads::int, r.progress, vinyasa.ms(r.started_at), vinyasa.ms(r.ready_at)
from t, running r left join asked a using (job_id)`,
});

const CANCEL = cancelStatement("cancel-jobs", "true");
// A retry forgets the request with its move: where this statement's snapshot shows the job as the
// retry left it, the request is gone, too, for a function that looks later.
const CANCEL_PENDING = cancelStatement("cancel-pending", "vinyasa.is_cancel_pending(id)");

interface Row extends MovedRow {
  instance: number | null;
  is_new: boolean;
  threads: number | null;
  progress: number | null;
  started_ms: number | null;
  ready_ms: number | null;
}

/** One job of a list. */
export interface Cancel {
  /** In lower case; each id once in a list. */
  readonly id: string;
  /** Storable text. */
  readonly reason: string | null;
}

/**
 * Jobs that have ended, or that a move of the same moment took from where this statement's snapshot
 * showed them, are absent: look again with a new call.
 */
export async function cancelEach(
  db: Queryable,
  cancels: readonly Cancel[],
): Promise<CancelledJob[]> {
  const reasons = Object.fromEntries(cancels.map(({ id, reason }) => [id, reason]));
  const ids = bareArray(cancels.map(({ id }) => id));
  const rows = await db.query<Row>(CANCEL, [ids, JSON.stringify(reasons)]);
  return rows.map((row) => ({ ...movedJob(row), running: runningCancel(row) }));
}

/** All for one reason. */
export function cancelJobs(
  db: Queryable,
  ids: readonly string[],
  reason: string | null,
): Promise<CancelledJob[]> {
  return cancelEach(
    db,
    ids.map((id) => ({ id, reason })),
  );
}

/** Those of them whose cancel is still asked for and on its way. */
export async function cancelPending(
  db: Queryable,
  ids: readonly string[],
): Promise<CancelledJob[]> {
  const rows = await db.query<Row>(CANCEL_PENDING, [bareArray(ids), "{}"]);
  return rows.map((row) => ({ ...movedJob(row), running: runningCancel(row) }));
}

function runningCancel(row: Row): RunningCancel | null {
  const { instance, is_new: isNew, threads, progress, started_ms, ready_ms } = row;
  if (instance === null) return null;
  return {
    ...{ instance, isNew, progress, threads: threads ?? 1 },
    ...{ startedAtMs: started_ms ?? 0, readyAtMs: ready_ms ?? 0 },
  };
}
