/**
 * Events of the engine's own moves, from what it claimed and the rows that the database returned.
 *
 * Each is one literal with all fields in their order: two events a job are made, and an object put
 * together by spreading another one took 3 µs, and made all that read it slow.
 */
import type { JobEvent } from "../domain/event.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { EndedRow } from "../store/end-attempts.ts";
import type { ProgressRow } from "../store/write-progress.ts";
import type { EndedRun } from "./attempt.ts";

export function claimedEvent(job: ClaimedJob): JobEvent {
  const { claimedAtMs } = job;
  return {
    id: job.id,
    version: job.version,
    status: "RUNNING",
    previousStatus: "PENDING",
    type: job.lane.type,
    queue: job.lane.queue,
    priority: job.priority,
    attempt: job.attempt,
    attemptsLeft: job.attemptsLeft,
    threads: job.threads,
    progress: null,
    atMs: claimedAtMs,
    scheduledAtMs: job.scheduledAtMs,
    startedAtMs: claimedAtMs,
    finishedAtMs: null,
    queueTimeMs: Math.max(0, claimedAtMs - job.readyAtMs),
  };
}

export function finishedEvent(run: EndedRun, version: number, finishedAtMs: number): JobEvent {
  const { job } = run;
  const startedAtMs = job.claimedAtMs + run.startDelayMs;
  return {
    id: job.id,
    version,
    status: "COMPLETED",
    previousStatus: "RUNNING",
    type: job.lane.type,
    queue: job.lane.queue,
    priority: job.priority,
    attempt: job.attempt,
    attemptsLeft: job.attemptsLeft,
    threads: job.threads,
    progress: null,
    atMs: finishedAtMs,
    scheduledAtMs: job.scheduledAtMs,
    startedAtMs,
    finishedAtMs,
    queueTimeMs: Math.max(0, startedAtMs - job.readyAtMs),
  };
}

export function endedEvent(job: ClaimedJob, row: EndedRow, attemptsLeft: number): JobEvent {
  const final = row.status === "FAILED" || row.status === "CANCELLED";
  return {
    id: job.id,
    version: row.version,
    status: row.status,
    previousStatus: "RUNNING",
    type: job.lane.type,
    queue: job.lane.queue,
    priority: job.priority,
    attempt: job.attempt,
    attemptsLeft,
    threads: final ? job.threads : null,
    progress: null,
    atMs: row.endedAtMs,
    scheduledAtMs: row.scheduledAtMs,
    startedAtMs: final ? row.startedAtMs : null,
    finishedAtMs: final ? row.endedAtMs : null,
    queueTimeMs: final ? Math.max(0, row.startedAtMs - job.readyAtMs) : null,
  };
}

/** `atMs` stays the start's: the database keeps no time of a progress, and a reader would see that. */
export function progressEvent(job: ClaimedJob, row: ProgressRow): JobEvent {
  return {
    id: job.id,
    version: row.version,
    status: "RUNNING",
    previousStatus: "RUNNING",
    type: job.lane.type,
    queue: job.lane.queue,
    priority: job.priority,
    attempt: job.attempt,
    attemptsLeft: job.attemptsLeft,
    threads: job.threads,
    progress: row.progress,
    atMs: job.claimedAtMs,
    scheduledAtMs: job.scheduledAtMs,
    startedAtMs: job.claimedAtMs,
    finishedAtMs: null,
    queueTimeMs: Math.max(0, job.claimedAtMs - job.readyAtMs),
  };
}
