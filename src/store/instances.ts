/** Server processes: their registration, their heartbeat, and which of them are dead. */
import type { Queryable } from "./database.ts";
import type { WorkerSpec } from "./read-fleet.ts";

export interface InstanceSpec {
  readonly uuid: string;
  readonly hostname: string;
  readonly pid: number;
  readonly codeVersion: number;
  readonly workers: readonly WorkerSpec[];
}

const REGISTER = {
  name: "register-instance",
  text: `/* register-instance */
insert into vinyasa.instances (uuid, hostname, pid, code_version, workers)
values ($1::uuid, $2, $3::int, $4::int, $5::jsonb) returning id`,
};

const BEAT = {
  name: "beat",
  text: `/* beat */
update vinyasa.instances set beat_at = clock_timestamp(), draining = $2::boolean
where id = $1::int and ended_at is null returning id`,
};

const END = {
  name: "end-instance",
  text: `/* end-instance */
update vinyasa.instances set ended_at = clock_timestamp() where id = $1::int and ended_at is null`,
};

// Marking first: a beat that comes later finds its row ended, and the instance begins anew.
const MARK_DEAD = {
  name: "mark-dead-instances",
  text: `/* mark-dead-instances */
update vinyasa.instances set ended_at = clock_timestamp()
where ended_at is null and beat_at < clock_timestamp() - $1::float8 * interval '1 millisecond'
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

/** An instance that was declared dead. */
export interface DeadInstance {
  readonly id: number;
  readonly uuid: string;
  readonly hostname: string;
  readonly pid: number;
}

/** The number under which the instance claims. */
export async function registerInstance(db: Queryable, spec: InstanceSpec): Promise<number> {
  const { uuid, hostname, pid, codeVersion, workers } = spec;
  const values = [uuid, hostname, pid, codeVersion, JSON.stringify(workers)];
  const [row] = await db.query<{ id: number }>(REGISTER, values);
  if (row === undefined) throw new Error("the instance was not registered");
  return row.id;
}

/** False: this instance was declared dead, its jobs are somebody else's. */
export async function beat(db: Queryable, id: number, draining: boolean): Promise<boolean> {
  const rows = await db.query(BEAT, [id, draining]);
  return rows.length > 0;
}

export async function endInstance(db: Queryable, id: number): Promise<void> {
  await db.query(END, [id]);
}

/** Declares instances dead whose last beat is older than the lease, by the database's clock. */
export function markDeadInstances(db: Queryable, leaseMs: number): Promise<DeadInstance[]> {
  return db.query<DeadInstance>(MARK_DEAD, [leaseMs]);
}

/** On an embedded store every other instance is a dead process: only one can hold the folder. */
export function markOtherInstancesDead(db: Queryable, id: number): Promise<DeadInstance[]> {
  return db.query<DeadInstance>(MARK_OTHERS_DEAD, [id]);
}

/** Instances that ended and still have running jobs. It reads all of running_jobs: not often. */
export function endedInstancesWithJobs(db: Queryable): Promise<DeadInstance[]> {
  return db.query<DeadInstance>(ENDED_WITH_JOBS);
}
