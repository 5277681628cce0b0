/**
 * Stores one submitted job that starts at once: what `start-jobs` does to many, spelt out for one. Most
 * submits to an idle instance come alone, and the general statement spent time on setting up what a
 * single row does not need: 0.24 ms against 0.14 on a warm connection, without the wait for the disk.
 */
import { textArray } from "./array-literal.ts";
import type { Queryable } from "./database.ts";
import type { NewJob } from "./insert-jobs.ts";
import { policyText } from "./policy.ts";

/** Where a job may start: threads that nobody else is given meanwhile. */
export interface StartingPlace {
  readonly instance: number;
  readonly worker: number;
  readonly threads: number;
}

// In the counters the submit's PENDING and the claim's make nothing together.
const START = {
  name: "start-one",
  text: `/* start-one */
with t as materialized (
  select id as instance, clock_timestamp() as now from vinyasa.instances
  where id = $1::int and ended_at is null
), j as (
  insert into vinyasa.jobs (id, lane, max_attempts, policy, name, tags, payload)
  select $2::uuid, $3::int, $4::smallint, $5::text, $6::text, $7::text[], $8::jsonb from t
), r as (
  insert into vinyasa.running_jobs (job_id, token, instance, worker, threads, lane, priority, at,
    version, attempt, attempts_left, ready_at, started_at, claim_version)
  select $2::uuid, $9::uuid, instance, $10::smallint, $11::smallint, $3::int, $12::smallint, now,
    2, 1, $4::smallint - 1, now, now, 2 from t
), logged as (
  insert into vinyasa.job_events (lane, previous_status, status, job_ids, versions, attempts)
  select $3::int, moved.*
  from t, (values (null::smallint, 3::smallint, array[$2::uuid], array[1], array[0]),
    (3::smallint, 4::smallint, array[$2::uuid], array[2], array[1])) as moved
), counted as (
  insert into vinyasa.counter_deltas (lane, status, delta) select $3::int, 4::smallint, 1 from t
)
select vinyasa.ms(now) as now_ms from t`,
};

/**
 * @param job without an idempotency key, `scheduledAt` and `expiresAt`
 * @returns when it started, by the database's clock; null if the instance was declared dead: then
 * nothing was stored
 */
export async function startOne(
  db: Queryable,
  job: NewJob,
  { instance, worker, threads }: StartingPlace,
  token: string,
): Promise<number | null> {
  const [row] = await db.query<{ now_ms: number }>(START, [
    instance,
    job.id,
    job.lane.id,
    job.maxAttempts,
    policyText(job),
    job.name,
    job.tags.length === 0 ? null : textArray(job.tags),
    job.payload,
    token,
    worker,
    threads,
    job.priority,
  ]);
  return row?.now_ms ?? null;
}
