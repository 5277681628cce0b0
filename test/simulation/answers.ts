/** Rows as the store's statements return them, from jobs of the model. */
import { statusCode } from "../../src/domain/job.ts";
import { COPIED_BYTES_MAX } from "../../src/store/insert-jobs.ts";
import type { Lane } from "../../src/store/lane-catalog.ts";
import type { ModelJob } from "../model/model-state.ts";

/** After its move. */
export function movedRow(job: ModelJob, nowMs: number) {
  const move = job.moves.at(-1);
  return {
    id: job.id,
    lane: job.lane,
    from_status: statusCode(move?.from ?? job.status),
    to_status: statusCode(job.status),
    priority: job.priority,
    version: job.version,
    attempt: job.attempt,
    attempts_left: job.attemptsLeft,
    at_ms: job.atMs,
    now_ms: nowMs,
  };
}

export function claimedRow(job: ModelJob, seen: number, nowMs: number) {
  return {
    seen,
    job_id: job.id,
    lane: job.lane,
    rank: job.rank,
    priority: job.priority,
    version: job.version,
    attempt: job.attempt,
    attempts_left: job.attemptsLeft,
    payload: job.payload.length > COPIED_BYTES_MAX ? null : job.payload,
    expires_ms: job.expiresAtMs,
    at_ms: job.atMs,
    ready_ms: job.readyAtMs,
    now_ms: nowMs,
    max_attempts: job.maxAttempts,
    policy: job.policy,
  };
}

export function jobRow(job: ModelJob, lane: Lane) {
  const { claim } = job;
  const startedMs = claim?.startedAtMs ?? job.startedAtMs;
  const isFinal =
    job.status === "COMPLETED" || job.status === "FAILED" || job.status === "CANCELLED";
  const hasStarted = claim !== null || (isFinal && startedMs !== null);
  return {
    id: job.id,
    type: lane.type,
    queue: lane.queue,
    thread_demand: lane.threads,
    max_attempts: job.maxAttempts,
    policy: job.policy,
    expires_ms: job.expiresAtMs,
    name: null,
    tags: null,
    idempotency_key: null,
    status: statusCode(job.status),
    priority: job.priority,
    version: job.version,
    attempt: job.attempt,
    attempts_left: job.attemptsLeft,
    at_ms: job.atMs,
    updated_ms: job.sinceMs,
    threads: hasStarted ? (claim?.threads ?? job.threads) : null,
    progress: claim?.progress ?? null,
    started_ms: hasStarted ? startedMs : null,
    finished_ms: isFinal ? job.sinceMs : null,
    queue_ms: hasStarted && startedMs !== null ? Math.max(0, startedMs - job.readyAtMs) : null,
  };
}
