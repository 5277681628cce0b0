/** A job as one move left it. */
import { isFinal } from "../domain/job.ts";
import type { JobRecord } from "../domain/job-record.ts";
import type { MovedJob } from "../store/moved-job.ts";

/** @param job read at any time after the move: what can change is taken from the move */
export function movedRecord(job: JobRecord, moved: MovedJob): JobRecord {
  return {
    ...job,
    status: moved.to,
    version: moved.version,
    priority: moved.priority,
    attempt: moved.attempt,
    attemptsLeft: moved.attemptsLeft,
    threads: null,
    progress: null,
    scheduledAtMs: moved.scheduledAtMs,
    updatedAtMs: moved.movedAtMs,
    startedAtMs: null,
    finishedAtMs: isFinal(moved.to) ? moved.movedAtMs : null,
    queueTimeMs: null,
  };
}
