/** Which instances are dead, and what is left of them. */
import type { Queryable } from "./database.ts";
import { isInstanceLockFree } from "./instance-lock.ts";

// The lock tells within seconds, but not always the truth: a restart of the server, a failover or a
// stall of all frees the locks of instances that live. So it counts only where the caller's own
// heartbeat got through without a break, and is fresh in this very moment; else only the lease counts.
// `for update skip locked`: a row that is locked is being written by its living instance, or by
// another rescuer. Marking comes first: a beat that comes later finds its row ended, and the instance
// begins anew.
const MARK_DEAD = {
  name: "mark-dead-instances",
  text: `/* mark-dead-instances */
with t as materialized (
  select clock_timestamp() - $1::float8 * interval '1 millisecond' as lease,
    clock_timestamp() - $2::float8 * interval '1 millisecond' as silence
), observer as materialized (
  select $4::boolean and pg_postmaster_start_time() < t.lease and exists (
    select from vinyasa.instances where id = $3::int and beat_at > t.silence and ended_at is null
  ) as trusts_locks from t
), dead as materialized (
  select i.id from vinyasa.instances i, t, observer
  where i.ended_at is null and i.beat_at < t.silence
    and (i.beat_at < t.lease or (trusts_locks and ${isInstanceLockFree("i.id")}))
  order by i.id for update of i skip locked
)
update vinyasa.instances set ended_at = clock_timestamp()
where id = any(array(select id from dead)) and ended_at is null
returning id, uuid, hostname, pid`,
};

const MARK_OTHERS_DEAD = {
  name: "mark-other-instances-dead",
  text: `/* mark-other-instances-dead */
update vinyasa.instances set ended_at = clock_timestamp()
where ended_at is null and id <> $1::int returning id, uuid, hostname, pid`,
};

// A claim may commit just after its instance was declared dead: its rows are found here.
const ENDED_WITH_JOBS = {
  name: "ended-instances-with-jobs",
  text: `/* ended-instances-with-jobs */
select i.id, i.uuid, i.hostname, i.pid from vinyasa.instances i
where i.ended_at is not null and i.id in (select instance from vinyasa.running_jobs)`,
};

const REMOVE_ENDED = {
  name: "remove-ended-instances",
  text: `/* remove-ended-instances */
delete from vinyasa.instances where id = any(array(
  select id from vinyasa.instances
  where ended_at < clock_timestamp() - $1::float8 * interval '1 millisecond'
    and id not in (select instance from vinyasa.running_jobs)
  order by id limit $2::int
)) returning id`,
};

/** An instance that was declared dead. */
export interface DeadInstance {
  readonly id: number;
  readonly uuid: string;
  readonly hostname: string;
  readonly pid: number;
}

export interface DeathRule {
  /** Silence after which an instance is dead, whatever its lock says. */
  readonly leaseMs: number;
  /** Silence after which one is dead whose lock is free. */
  readonly deadAfterMs: number;
  /** The number of the instance that asks. */
  readonly observer: number;
  /** False if the asking instance may itself have seen an outage: only the lease counts. */
  readonly trustsLocks: boolean;
}

/** Declares instances dead, by the database's clock and locks. */
export function markDeadInstances(db: Queryable, rule: DeathRule): Promise<DeadInstance[]> {
  const { leaseMs, deadAfterMs, observer, trustsLocks } = rule;
  return db.query<DeadInstance>(MARK_DEAD, [leaseMs, deadAfterMs, observer, trustsLocks]);
}

/** On an embedded store every other instance is a dead process: only one can hold the folder. */
export function markOtherInstancesDead(db: Queryable, id: number): Promise<DeadInstance[]> {
  return db.query<DeadInstance>(MARK_OTHERS_DEAD, [id]);
}

/** Instances that ended and still have running jobs. It reads all of running_jobs: not often. */
export function endedInstancesWithJobs(db: Queryable): Promise<DeadInstance[]> {
  return db.query<DeadInstance>(ENDED_WITH_JOBS);
}

/**
 * Forgets at most `limit` instances that ended longer ago than `olderThanMs` and run nothing. Attempts
 * that they ran show an unknown instance from then on.
 *
 * @returns how many
 */
export async function removeEndedInstances(
  db: Queryable,
  olderThanMs: number,
  limit: number,
): Promise<number> {
  return (await db.query(REMOVE_ENDED, [olderThanMs, limit])).length;
}
