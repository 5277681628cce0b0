/** A job as one reader presents it: what was submitted, and where it stands. */
import type { Backoff } from "./backoff.ts";
import type { JobEvent } from "./event.ts";
import type { JobStatus } from "./job.ts";

/** What changes while a job lives. Times are milliseconds since 1970, by the database's clock. */
export interface JobState {
  readonly status: JobStatus;
  readonly version: number;
  readonly priority: number;
  readonly attempt: number;
  readonly attemptsLeft: number;
  /** Of the attempt that runs, or that ended the job, like its start and queue time: else null. */
  readonly threads: number | null;
  readonly progress: number | null;
  readonly scheduledAtMs: number;
  readonly updatedAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly queueTimeMs: number | null;
}

/** A job without its payload, result and errors: those are read only where they are asked for. */
export interface JobRecord extends JobState {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly threadDemand: number;
  readonly name: string | null;
  readonly maxAttempts: number;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  readonly tags: readonly string[];
  readonly idempotencyKey: string | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
}

/** The job after `event`. The caller has checked that the event is newer. */
export function applyEvent(job: JobRecord, event: JobEvent): JobRecord {
  return {
    ...job,
    status: event.status,
    version: event.version,
    priority: event.priority,
    attempt: event.attempt,
    attemptsLeft: event.attemptsLeft,
    threads: event.threads,
    progress: event.progress,
    scheduledAtMs: event.scheduledAtMs,
    updatedAtMs: event.atMs,
    startedAtMs: event.startedAtMs,
    finishedAtMs: event.finishedAtMs,
    queueTimeMs: event.queueTimeMs,
  };
}

/** What tells others of the job as it is now. */
export function jobEvent(job: JobRecord, previousStatus: JobStatus | null): JobEvent {
  return {
    id: job.id,
    version: job.version,
    status: job.status,
    previousStatus,
    type: job.type,
    queue: job.queue,
    priority: job.priority,
    attempt: job.attempt,
    attemptsLeft: job.attemptsLeft,
    threads: job.threads,
    progress: job.progress,
    atMs: job.updatedAtMs,
    scheduledAtMs: job.scheduledAtMs,
    startedAtMs: job.startedAtMs,
    finishedAtMs: job.finishedAtMs,
    queueTimeMs: job.queueTimeMs,
  };
}
