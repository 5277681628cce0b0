/** Stores submitted jobs: one statement, one row each in `jobs` and in the state table it starts in. */
import type { Backoff } from "../domain/backoff.ts";
import type { JobRecord } from "../domain/job-record.ts";
import { bareArray, textArray } from "./array-literal.ts";
import type { Queryable } from "./database.ts";
import { jobIdTimeMs } from "./job-id.ts";
import type { Lane } from "./lane-catalog.ts";
import { logMoves, tellMoves } from "./log-moves.ts";
import { policyText } from "./policy.ts";

export interface NewJob {
  readonly id: string;
  readonly lane: Lane;
  readonly priority: number;
  /** JSON text. */
  readonly payload: string;
  readonly name: string | null;
  readonly tags: readonly string[];
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly timeoutMs: number;
  /** Null: now. */
  readonly scheduledAtMs: number | null;
  readonly expiresAtMs: number | null;
  readonly idempotencyKey: string | null;
  /** Of the whole input but the key; null without a key. */
  readonly inputHash: string | null;
}

/** `inputHash` is the one stored with the key. */
export type KeyedInsert =
  | { readonly created: true; readonly job: JobRecord }
  | { readonly created: false; readonly existingId: string; readonly inputHash: string };

/** A larger payload is not copied to where the claim finds it: a quarter of a page. */
export const COPIED_BYTES_MAX = 2_000;

/**
 * Expressions `t` (now), `x` (the jobs of `columnsOf`) and `j` (their rows in `jobs`).
 *
 * @param more further arrays and their columns
 */
export function submittedJobs(more = { arrays: "", columns: "" }): string {
  return `t as materialized (select clock_timestamp() as now),
x as materialized (
  select u.*, case when scheduled_ms is null then t.now else to_timestamp(scheduled_ms / 1000) end as at,
    to_timestamp(expires_ms / 1000) as expires_at, t.now
  from unnest($1::uuid[], $2::int[], $3::smallint[], $4::jsonb[], $5::text[], $6::text[],
    $7::smallint[], $8::text[], $9::float8[], $10::float8[], $11::text[]${more.arrays}) as u (id, lane,
    priority, payload, name, tags, max_attempts, policy, scheduled_ms, expires_ms,
    idempotency_key${more.columns}), t
), j as (
  insert into vinyasa.jobs (id, lane, max_attempts, policy, expires_at, name, tags, idempotency_key,
    payload)
  select id, lane, max_attempts, policy, expires_at, name, tags::text[], idempotency_key, payload
  from x
)`;
}

/** The expression `r`: the rows in `ready_jobs` of those in `x` that are `where`. */
export function readyJobs(where: string): string {
  const isSmall = `pg_column_size(payload) <= ${COPIED_BYTES_MAX}`;
  return `r as (
  insert into vinyasa.ready_jobs (lane, rank, priority, at, job_id, version, attempt, attempts_left,
    ready_at, max_attempts, expires_at, policy, payload)
  select lane, -priority::int, priority, at, id, 1, 0, max_attempts, now, max_attempts, expires_at,
    case when ${isSmall} then policy end, case when ${isSmall} then payload end
  from x where ${where}
)`;
}

const INSERT = {
  name: "insert-jobs",
  text: `/* insert-jobs */
with ${submittedJobs()}, ${readyJobs("at <= now")}, s as (
  insert into vinyasa.scheduled_jobs (job_id, lane, priority, at, version, attempt, attempts_left, since)
  select id, lane, priority, at, 1, 0, max_attempts, now from x where at > now
), q as (
  insert into vinyasa.job_expiries (expires_at, job_id)
  select expires_at, id from x where expires_at is not null
), moved as (
  select id as job_id, lane, null::smallint as from_status, 1 as version, 0 as attempt,
    (case when at <= now then 3 else 2 end)::smallint as to_status, null::text as message from x
), ${logMoves("moved")}, ${tellMoves("moved", "to_status <> 3")}
select vinyasa.ms(now) as now_ms from t`,
};

const TAKE_KEYS = {
  name: "take-idempotency-keys",
  text: `/* take-idempotency-keys */
insert into vinyasa.idempotency_keys (key, job_id, input_hash)
select * from unnest($1::text[], $2::uuid[], $3::text[]) order by 1
on conflict (key) do nothing returning key`,
};

const READ_KEYS = {
  name: "read-idempotency-keys",
  text: `/* read-idempotency-keys */
select key, job_id, input_hash from vinyasa.idempotency_keys where key = any($1::text[])`,
};

/** Stores jobs that carry no idempotency key, in their order. */
export async function insertJobs(db: Queryable, jobs: readonly NewJob[]): Promise<JobRecord[]> {
  if (jobs.length === 0) return [];
  const [row] = await db.query<{ now_ms: number }>(INSERT, columnsOf(jobs));
  if (row === undefined) throw new Error("insert-jobs did not answer");
  return jobs.map((job) => submittedRecord(job, row.now_ms));
}

/**
 * Stores jobs of which some carry an idempotency key. The keys must differ from each other. Whoever
 * inserts a key first, on any instance, owns it; the others wait for that commit and then read what
 * it stored.
 *
 * @param tx a transaction: a key must not outlive the failure of the insert that follows it
 */
export async function insertKeyedJobs(
  tx: Queryable,
  jobs: readonly NewJob[],
): Promise<KeyedInsert[]> {
  const owners = await takeKeys(tx, jobs);
  const fresh = jobs.filter((job) => ownerOf(owners, job) === null);
  const records = await insertJobs(tx, fresh);
  const byId = new Map(records.map((record) => [record.id, record]));
  return jobs.map((job): KeyedInsert => {
    const record = byId.get(job.id);
    if (record !== undefined) return { created: true, job: record };
    const owner = ownerOf(owners, job);
    if (owner === null) throw new Error(`job ${job.id} was neither stored nor found`);
    return { created: false, existingId: owner.job_id, inputHash: owner.input_hash };
  });
}

export interface KeyRow {
  key: string;
  job_id: string;
  input_hash: string;
}

/** Who owns the keys of `jobs`, where it is another job. */
async function takeKeys(tx: Queryable, jobs: readonly NewJob[]): Promise<Map<string, KeyRow>> {
  const keyed = jobs.filter((job) => job.idempotencyKey !== null);
  if (keyed.length === 0) return new Map();
  const taken = await tx.query<{ key: string }>(TAKE_KEYS, [
    keyed.map((job) => job.idempotencyKey),
    keyed.map((job) => job.id),
    keyed.map((job) => job.inputHash ?? ""),
  ]);
  const own = new Set(taken.map((row) => row.key));
  const others = keyed.map((job) => job.idempotencyKey ?? "").filter((key) => !own.has(key));
  if (others.length === 0) return new Map();
  // A fresh statement: the one before could not see the rows that it waited for.
  return readKeys(tx, others);
}

/** Who owns these keys, by key. Those that nobody has used are absent. */
export async function readKeys(
  db: Queryable,
  keys: readonly string[],
): Promise<Map<string, KeyRow>> {
  const rows = await db.query<KeyRow>(READ_KEYS, [keys]);
  return new Map(rows.map((row) => [row.key, row]));
}

function ownerOf(owners: Map<string, KeyRow>, job: NewJob): KeyRow | null {
  return job.idempotencyKey === null ? null : (owners.get(job.idempotencyKey) ?? null);
}

/** The parameters $1 to $11 of `submittedJobs`. */
export function columnsOf(jobs: readonly NewJob[]): unknown[] {
  return [
    bareArray(jobs.map((job) => job.id)),
    bareArray(jobs.map((job) => job.lane.id)),
    bareArray(jobs.map((job) => job.priority)),
    textArray(jobs.map((job) => job.payload)),
    textArray(jobs.map((job) => job.name)),
    // A ragged list of lists cannot be a parameter.
    textArray(jobs.map((job) => (job.tags.length === 0 ? null : textArray(job.tags)))),
    bareArray(jobs.map((job) => job.maxAttempts)),
    textArray(jobs.map(policyText)),
    bareArray(jobs.map((job) => job.scheduledAtMs)),
    bareArray(jobs.map((job) => job.expiresAtMs)),
    textArray(jobs.map((job) => job.idempotencyKey)),
  ];
}

/** The job as its submit left it. */
export function submittedRecord(job: NewJob, nowMs: number): JobRecord {
  const scheduledAtMs = job.scheduledAtMs ?? nowMs;
  return {
    id: job.id,
    type: job.lane.type,
    queue: job.lane.queue,
    threadDemand: job.lane.threads,
    name: job.name,
    maxAttempts: job.maxAttempts,
    timeoutMs: job.timeoutMs,
    backoff: job.backoff,
    tags: job.tags,
    idempotencyKey: job.idempotencyKey,
    createdAtMs: jobIdTimeMs(job.id),
    expiresAtMs: job.expiresAtMs,
    status: scheduledAtMs <= nowMs ? "PENDING" : "SCHEDULED",
    version: 1,
    priority: job.priority,
    attempt: 0,
    attemptsLeft: job.maxAttempts,
    threads: null,
    progress: null,
    scheduledAtMs,
    updatedAtMs: nowMs,
    startedAtMs: null,
    finishedAtMs: null,
    queueTimeMs: null,
  };
}
