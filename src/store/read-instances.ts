/** The instances that have not ended, and what runs on their workers. */
import { bareArray } from "./array-literal.ts";
import type { Queryable } from "./database.ts";
import type { WorkerSpec } from "./read-fleet.ts";

/** Times are milliseconds since 1970, by the database's clock. */
export interface InstanceRecord {
  readonly uuid: string;
  readonly hostname: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly lastSeenAtMs: number;
  readonly draining: boolean;
  readonly workers: readonly WorkerRecord[];
}

export interface WorkerRecord {
  /** "<uuid of the instance>/<n>". */
  readonly id: string;
  /** Under which running rows name the instance. */
  readonly instance: number;
  /** From 1, within the instance. */
  readonly number: number;
  readonly threads: number;
  /** Empty: all. */
  readonly queues: readonly string[];
}

/** A fleet is a few dozen; this is for a table that something went wrong with. */
const INSTANCES_MAX = 1_000;

const READ = {
  name: "read-instances",
  text: `/* read-instances */
select id, uuid, hostname, pid, vinyasa.ms(started_at) as started_ms, vinyasa.ms(beat_at) as beat_ms,
  draining, workers
from vinyasa.instances where ended_at is null order by id limit ${INSTANCES_MAX}`,
};

interface InstanceRow {
  id: number;
  uuid: string;
  hostname: string;
  pid: number;
  started_ms: number;
  beat_ms: number;
  draining: boolean;
  workers: WorkerSpec[];
}

/** In the order in which they were first seen; at most 1,000. */
export async function readInstances(db: Queryable): Promise<InstanceRecord[]> {
  const rows = await db.query<InstanceRow>(READ);
  return rows.map((row) => ({
    uuid: row.uuid,
    hostname: row.hostname,
    pid: row.pid,
    startedAtMs: row.started_ms,
    lastSeenAtMs: row.beat_ms,
    draining: row.draining,
    workers: row.workers.map(({ threads, queues }, index) => ({
      id: `${row.uuid}/${index + 1}`,
      instance: row.id,
      number: index + 1,
      threads,
      queues,
    })),
  }));
}

// A worker's rows are what it runs and what it has read ahead, in the order in which it starts them:
// what its threads can hold of that is running. It reads all running rows, a few thousand at most.
const READ_LOADS = {
  name: "read-worker-loads",
  text: `/* read-worker-loads */
with w as materialized (
  select * from unnest($1::int[], $2::smallint[], $3::int[]) as w (instance, worker, capacity)
), r as materialized (
  select instance, worker, job_id, threads, sum(threads) over (partition by instance, worker
    order by started_at, -priority, at, job_id rows unbounded preceding) as upto
  from vinyasa.running_jobs where instance = any($1::int[])
)
select r.instance, r.worker::int, r.job_id as id, r.threads::int from w join r using (instance, worker)
where r.upto <= w.capacity order by r.instance, r.worker, r.upto`,
};

/** What runs on a worker now. */
export interface WorkerLoad {
  readonly threadsInUse: number;
  /** Earliest claimed first. */
  readonly jobIds: readonly string[];
}

/** The loads of these workers, by their ids. One that runs nothing is absent. */
export async function readWorkerLoads(
  db: Queryable,
  workers: readonly WorkerRecord[],
): Promise<Map<string, WorkerLoad>> {
  const ids = new Map(workers.map(({ id, instance, number }) => [`${instance}/${number}`, id]));
  const rows = await db.query<{ instance: number; worker: number; id: string; threads: number }>(
    READ_LOADS,
    [
      bareArray(workers.map(({ instance }) => instance)),
      bareArray(workers.map(({ number }) => number)),
      bareArray(workers.map(({ threads }) => threads)),
    ],
  );
  const loads = new Map<string, { threadsInUse: number; jobIds: string[] }>();
  for (const row of rows) {
    const id = ids.get(`${row.instance}/${row.worker}`) ?? "";
    const load = loads.get(id) ?? { threadsInUse: 0, jobIds: [] };
    load.threadsInUse += row.threads;
    load.jobIds.push(row.id);
    loads.set(id, load);
  }
  return loads;
}
