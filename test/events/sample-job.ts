/** Jobs and events to publish, without a database. */
import { randomUUID } from "node:crypto";
import type { JobEvent } from "../../src/domain/event.ts";
import type { JobStatus } from "../../src/domain/job.ts";
import { type JobRecord, jobEvent } from "../../src/domain/job-record.ts";

const AT_MS = Date.UTC(2026, 0, 1);

export function sampleJob(values: Partial<JobRecord> = {}): JobRecord {
  return {
    id: randomUUID(),
    type: "add_numbers",
    queue: "default",
    status: "PENDING",
    version: 1,
    priority: 0,
    attempt: 0,
    attemptsLeft: 3,
    threads: null,
    progress: null,
    scheduledAtMs: AT_MS,
    updatedAtMs: AT_MS,
    startedAtMs: null,
    finishedAtMs: null,
    queueTimeMs: null,
    threadDemand: 1,
    name: null,
    maxAttempts: 3,
    timeoutMs: 60_000,
    backoff: { kind: "EXPONENTIAL", baseMs: 2_000, maxMs: 3_600_000, jitter: 0.25 },
    tags: [],
    idempotencyKey: null,
    createdAtMs: AT_MS,
    expiresAtMs: null,
    ...values,
  };
}

/** The event of the commit that made `job` what it is. */
export function eventOf(job: JobRecord, previousStatus: JobStatus | null = null): JobEvent {
  return jobEvent(job, previousStatus);
}
