/** A job that a background statement moved, with all that its event needs. */
import type { JobEvent } from "../domain/event.ts";
import { type JobStatus, statusFromCode } from "../domain/job.ts";
import type { LaneCatalog } from "./lane-catalog.ts";

/** Columns that such statements return from their expression `moved_rows`. */
export interface MovedRow {
  id: string;
  lane: number;
  from_status: number;
  to_status: number;
  priority: number;
  version: number;
  attempt: number;
  attempts_left: number;
  at_ms: number;
  now_ms: number;
}

export interface MovedJob {
  readonly id: string;
  readonly lane: number;
  readonly from: JobStatus;
  readonly to: JobStatus;
  readonly priority: number;
  readonly version: number;
  readonly attempt: number;
  readonly attemptsLeft: number;
  readonly scheduledAtMs: number;
  readonly movedAtMs: number;
}

export function movedJob(row: MovedRow): MovedJob {
  return {
    id: row.id,
    lane: row.lane,
    from: statusFromCode(row.from_status),
    to: statusFromCode(row.to_status),
    priority: row.priority,
    version: row.version,
    attempt: row.attempt,
    attemptsLeft: row.attempts_left,
    scheduledAtMs: row.at_ms,
    movedAtMs: row.now_ms,
  };
}

/** The event of a move into a waiting or final state; null where the lane is not known here yet. */
export function movedEvent(job: MovedJob, lanes: LaneCatalog): JobEvent | null {
  const lane = lanes.get(job.lane);
  if (lane === undefined) return null;
  const finished = job.to === "FAILED" || job.to === "CANCELLED";
  return {
    id: job.id,
    version: job.version,
    status: job.to,
    previousStatus: job.from,
    type: lane.type,
    queue: lane.queue,
    priority: job.priority,
    attempt: job.attempt,
    attemptsLeft: job.attemptsLeft,
    threads: null,
    progress: null,
    atMs: job.movedAtMs,
    scheduledAtMs: job.scheduledAtMs,
    startedAtMs: null,
    finishedAtMs: finished ? job.movedAtMs : null,
    queueTimeMs: null,
  };
}
