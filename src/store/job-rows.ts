/** How a job is put together from what was submitted and the one state table that holds it. */
import { statusFromCode } from "../domain/job.ts";
import type { JobRecord } from "../domain/job-record.ts";
import { jobIdTimeMs } from "./job-id.ts";
import { policyOf } from "./policy.ts";

const NEVER_STARTED = "null, null, null, null, null";
const MOVES = "version, attempt, attempts_left, vinyasa.ms(at) as at_ms";
const QUEUE_MS = "greatest(0, vinyasa.ms(started_at) - vinyasa.ms(ready_at))";

// One MVCC snapshot sees a job in exactly one of the five, however fast it moves: so the first hit
// ends the search, and the table that grows comes first.
const STATE = `
  select status::int, priority::int, ${MOVES}, vinyasa.ms(finished_at) as updated_ms,
    threads::int, null::real as progress, vinyasa.ms(started_at) as started_ms,
    vinyasa.ms(finished_at) as finished_ms,
    case when started_at is not null then ${QUEUE_MS} end as queue_ms
  from vinyasa.finished_jobs where job_id = p.id
  union all
  select 3, priority::int, ${MOVES}, vinyasa.ms(ready_at), ${NEVER_STARTED}
  from vinyasa.ready_jobs where job_id = p.id
  union all
  select 4, priority::int, ${MOVES}, vinyasa.ms(started_at), threads::int, progress,
    vinyasa.ms(started_at), null, ${QUEUE_MS}
  from vinyasa.running_jobs where job_id = p.id
  union all
  select 2, priority::int, ${MOVES}, vinyasa.ms(since), ${NEVER_STARTED}
  from vinyasa.scheduled_jobs where job_id = p.id
  union all
  select 1, priority::int, ${MOVES}, vinyasa.ms(since), ${NEVER_STARTED}
  from vinyasa.blocked_jobs where job_id = p.id
  limit 1`;

/** What `jobRecord` needs, from `jobJoins`. */
export const JOB_COLUMNS = `j.*, s.*, l.type, l.queue, l.threads::int as thread_demand`;

/**
 * Joins for a FROM clause in which `p.id` names jobs. The laterals with OFFSET 0 leave the planner
 * one way, a lookup by key for each row: as a plain join it turns to hashing millions of jobs when
 * it expects many ids.
 */
export const JOB_JOINS = `
cross join lateral (
  select id, lane, max_attempts::int, policy, vinyasa.ms(expires_at) as expires_ms, name, tags,
    idempotency_key
  from vinyasa.jobs where id = p.id offset 0
) j
join vinyasa.lanes l on l.id = j.lane
cross join lateral (${STATE}
) s`;

export interface JobRow {
  id: string;
  type: string;
  queue: string;
  thread_demand: number;
  max_attempts: number;
  policy: string;
  expires_ms: number | null;
  name: string | null;
  tags: string[] | null;
  idempotency_key: string | null;
  status: number;
  priority: number;
  version: number;
  attempt: number;
  attempts_left: number;
  at_ms: number;
  updated_ms: number;
  threads: number | null;
  progress: number | null;
  started_ms: number | null;
  finished_ms: number | null;
  queue_ms: number | null;
}

/**
 * Start, threads and queue time are those of the current attempt or of the one that ended the job: null
 * while it waits, also for its retry. What its last attempt had is `readEndedRuns`'s to tell.
 *
 * @throws RangeError for a status or a back-off of a newer version of this code
 */
export function jobRecord(row: JobRow): JobRecord {
  const { backoff, timeoutMs } = policyOf(row.policy);
  return {
    id: row.id,
    type: row.type,
    queue: row.queue,
    threadDemand: row.thread_demand,
    name: row.name,
    maxAttempts: row.max_attempts,
    timeoutMs,
    backoff,
    tags: row.tags ?? [],
    idempotencyKey: row.idempotency_key,
    createdAtMs: jobIdTimeMs(row.id),
    expiresAtMs: row.expires_ms,
    status: statusFromCode(row.status),
    version: row.version,
    priority: row.priority,
    attempt: row.attempt,
    attemptsLeft: row.attempts_left,
    threads: row.threads,
    progress: row.progress,
    scheduledAtMs: row.at_ms,
    updatedAtMs: row.updated_ms,
    startedAtMs: row.started_ms,
    finishedAtMs: row.finished_ms,
    queueTimeMs: row.queue_ms,
  };
}
