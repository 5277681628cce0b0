/** Server processes: their registration, their heartbeat and their end. */
import type { Queryable } from "./database.ts";
import { giveBackInstanceLock, ownsInstanceLock, takeInstanceLock } from "./instance-lock.ts";
import type { WorkerSpec } from "./read-fleet.ts";

export interface InstanceSpec {
  readonly uuid: string;
  readonly hostname: string;
  readonly pid: number;
  readonly codeVersion: number;
  readonly workers: readonly WorkerSpec[];
}

/**
 * What an instance is called. The number alone would not do: a database that was restored from a
 * backup gives the same numbers again, to others.
 */
export interface InstanceKey {
  readonly id: number;
  readonly uuid: string;
}

const REGISTER = {
  name: "register-instance",
  text: `/* register-instance */
with i as (
  insert into vinyasa.instances (uuid, hostname, pid, code_version, workers)
  values ($1::uuid, $2, $3::int, $4::int, $5::jsonb) returning id
)
select id, ${takeInstanceLock("id")} as locked from i`,
};

// The lock goes with its connection: whichever connection beats next takes it again.
const BEAT = {
  name: "beat",
  text: `/* beat */
with b as (
  update vinyasa.instances set beat_at = clock_timestamp(), draining = $3::boolean
  where id = $1::int and uuid = $2::uuid and ended_at is null returning id
), held as materialized (select ${ownsInstanceLock("$1::int")} as held)
select held, case when held then true else ${takeInstanceLock("$1::int")} end as locked
from b, held`,
};

const END = {
  name: "end-instance",
  text: `/* end-instance */
with e as (
  update vinyasa.instances set ended_at = clock_timestamp()
  where id = $1::int and uuid = $2::uuid and ended_at is null
)
${giveBackInstanceLock("$1::int")}`,
};

/** The number under which the instance claims. The session that runs this has its lock from then on. */
export async function registerInstance(db: Queryable, spec: InstanceSpec): Promise<number> {
  const { uuid, hostname, pid, codeVersion, workers } = spec;
  const values = [uuid, hostname, pid, codeVersion, JSON.stringify(workers)];
  const [row] = await db.query<{ id: number }>(REGISTER, values);
  if (row === undefined) throw new Error("the instance was not registered");
  return row.id;
}

export interface Beat {
  /** False: this instance was declared dead, its jobs are somebody else's. */
  readonly kept: boolean;
  /** The connection was another one than before: for a moment nobody had the lock. */
  readonly reconnected: boolean;
}

export async function beat(db: Queryable, key: InstanceKey, draining: boolean): Promise<Beat> {
  const [row] = await db.query<{ held: boolean }>(BEAT, [key.id, key.uuid, draining]);
  return { kept: row !== undefined, reconnected: row?.held === false };
}

export async function endInstance(db: Queryable, { id, uuid }: InstanceKey): Promise<void> {
  await db.query(END, [id, uuid]);
}
