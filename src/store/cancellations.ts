/** Requests to cancel jobs: as a reader sees them, and on their way to who runs the job. */
import type { Queryable } from "./database.ts";
import { readByIds } from "./job-ids.ts";

/** Of a job that was cancelled, or that somebody asked to cancel while it ran. */
export interface Cancellation {
  /** Milliseconds since 1970, by the database's clock. */
  readonly requestedAtMs: number;
  readonly reason: string | null;
}

const READ = {
  name: "read-cancellations",
  text: `/* read-cancellations */
select c.job_id as id, vinyasa.ms(c.requested_at) as requested_ms, c.reason
from unnest($1::uuid[]) as p (id)
cross join lateral (select * from vinyasa.cancellations where job_id = p.id offset 0) c`,
};

/** By job id. Jobs that nobody asked to cancel are absent. */
export async function readCancellations(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, Cancellation>> {
  return readByIds(ids, async (distinct) => {
    const rows = await db.query<{ id: string; requested_ms: number; reason: string | null }>(READ, [
      distinct,
    ]);
    return new Map(
      rows.map(({ id, requested_ms, reason }) => [id, { requestedAtMs: requested_ms, reason }]),
    );
  });
}

// More than an instance can hold: what waits here is deleted from the index as its attempt ends.
const READ_PENDING = {
  name: "read-pending-cancels",
  text: `/* read-pending-cancels */
select c.job_id as id, c.reason, r.token from vinyasa.cancellations c
left join lateral (
  select token from vinyasa.running_jobs r where r.job_id = c.job_id and r.instance = c.instance
  offset 0
) r on true
where c.instance = $1::int limit 10000`,
};

/** What an instance has been asked to let go of. */
export interface PendingCancel {
  readonly id: string;
  readonly reason: string | null;
  /** Of the attempt that runs; null if the instance does not run the job any more. */
  readonly token: string | null;
}

export function readPendingCancels(db: Queryable, instance: number): Promise<PendingCancel[]> {
  return db.query<PendingCancel>(READ_PENDING, [instance]);
}

// The attempt ended in the same moment, or its instance is gone. `instance is not null` is the partial
// index, which holds nothing but requests on their way.
const FIND_STRAY = {
  name: "find-stray-cancels",
  text: `/* find-stray-cancels */
select c.job_id as id from vinyasa.cancellations c
where c.instance is not null and not exists (
  select from vinyasa.running_jobs r where r.job_id = c.job_id and r.instance = c.instance
) order by c.job_id limit $1::int`,
};

/** Jobs whose pending cancel names an instance that does not run them. */
export async function findStrayCancels(db: Queryable, limit: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(FIND_STRAY, [limit]);
  return rows.map(({ id }) => id);
}

const CLOSE = {
  name: "close-cancels",
  text: `/* close-cancels */
update vinyasa.cancellations c set instance = null
where c.job_id = any($1::uuid[]) and c.instance is not null
  and not exists (select from vinyasa.running_jobs r where r.job_id = c.job_id)
  and not exists (select from vinyasa.ready_jobs r where r.job_id = c.job_id)
  and not exists (select from vinyasa.scheduled_jobs s where s.job_id = c.job_id)
  and not exists (select from vinyasa.blocked_jobs b where b.job_id = c.job_id)`,
};

/** Nobody needs to be told any more where the job has ended. When and why stay to be read. */
export async function closeCancels(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query(CLOSE, [ids]);
}
