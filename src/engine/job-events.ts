/** Events of the engine's own moves, from what it claimed and the rows that the database returned. */
import type { JobEvent } from "../domain/event.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { EndedRow } from "../store/end-attempts.ts";
import type { FinishedRow } from "../store/finish-jobs.ts";

export function claimedEvent(job: ClaimedJob): JobEvent {
  return {
    ...common(job),
    version: job.version,
    status: job.expired ? "CANCELLED" : "RUNNING",
    previousStatus: "PENDING",
    attemptsLeft: job.attemptsLeft,
    threads: job.expired ? null : job.threads,
    atMs: job.claimedAtMs,
    scheduledAtMs: job.scheduledAtMs,
    startedAtMs: job.expired ? null : job.claimedAtMs,
    finishedAtMs: job.expired ? job.claimedAtMs : null,
    queueTimeMs: job.expired ? null : Math.max(0, job.claimedAtMs - job.readyAtMs),
  };
}

export function finishedEvent(job: ClaimedJob, row: FinishedRow): JobEvent {
  return {
    ...common(job),
    version: row.version,
    status: "COMPLETED",
    previousStatus: "RUNNING",
    attemptsLeft: job.attemptsLeft,
    threads: job.threads,
    atMs: row.finishedAtMs,
    scheduledAtMs: job.scheduledAtMs,
    startedAtMs: row.startedAtMs,
    finishedAtMs: row.finishedAtMs,
    queueTimeMs: Math.max(0, row.startedAtMs - job.readyAtMs),
  };
}

export function endedEvent(job: ClaimedJob, row: EndedRow, attemptsLeft: number): JobEvent {
  const final = row.status === "FAILED" || row.status === "CANCELLED";
  return {
    ...common(job),
    version: row.version,
    status: row.status,
    previousStatus: "RUNNING",
    attemptsLeft,
    threads: final ? job.threads : null,
    atMs: row.endedAtMs,
    scheduledAtMs: row.scheduledAtMs,
    startedAtMs: final ? row.startedAtMs : null,
    finishedAtMs: final ? row.endedAtMs : null,
    queueTimeMs: final ? Math.max(0, row.startedAtMs - job.readyAtMs) : null,
  };
}

function common(job: ClaimedJob) {
  const { id, lane, priority, attempt } = job;
  return { id, type: lane.type, queue: lane.queue, priority, attempt, progress: null };
}
