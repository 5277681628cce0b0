/**
 * The states of a job and the moves between them: the one table that the code, the SQL guards, the
 * docs and the tests follow.
 */

/** In the order of their numbers in the database, from 1. */
export const JOB_STATUSES = [
  "BLOCKED",
  "SCHEDULED",
  "PENDING",
  "RUNNING",
  "COMPLETED",
  "FAILED",
  "CANCELLED",
] as const;

export type JobStatus = (typeof JOB_STATUSES)[number];

export const FINAL_STATUSES = ["COMPLETED", "FAILED", "CANCELLED"] as const;
export const WAITING_STATUSES = ["BLOCKED", "SCHEDULED", "PENDING"] as const;

export type FinalStatus = (typeof FINAL_STATUSES)[number];

/** What the database stores for a status: a smallint, 1 to 7. */
export function statusCode(status: JobStatus): number {
  return JOB_STATUSES.indexOf(status) + 1;
}

/** @throws RangeError for a number that is no status: the database is newer than this code. */
export function statusFromCode(code: number): JobStatus {
  const status = JOB_STATUSES[code - 1];
  if (status === undefined) throw new RangeError(`no job status has the number ${code}`);
  return status;
}

export function isFinal(status: JobStatus): status is FinalStatus {
  return (FINAL_STATUSES as readonly JobStatus[]).includes(status);
}

/** One legal move. `from: null` is the submit. */
export interface Move {
  readonly from: JobStatus | null;
  readonly to: JobStatus;
  readonly by: string;
}

export const MOVES: readonly Move[] = [
  { from: null, to: "BLOCKED", by: "submit: parents are open" },
  { from: null, to: "SCHEDULED", by: "submit: for a future time" },
  { from: null, to: "PENDING", by: "submit" },
  { from: "BLOCKED", to: "PENDING", by: "the last parent ended well" },
  { from: "BLOCKED", to: "SCHEDULED", by: "the last parent ended well, its own time is to come" },
  { from: "BLOCKED", to: "CANCELLED", by: "cancel, expiry, or a parent failed" },
  { from: "SCHEDULED", to: "PENDING", by: "promoter, or reschedule" },
  { from: "SCHEDULED", to: "CANCELLED", by: "cancel, or expiry" },
  { from: "PENDING", to: "SCHEDULED", by: "reschedule" },
  { from: "PENDING", to: "RUNNING", by: "claim" },
  { from: "PENDING", to: "CANCELLED", by: "cancel, or expiry" },
  { from: "RUNNING", to: "COMPLETED", by: "finish" },
  { from: "RUNNING", to: "SCHEDULED", by: "error with attempts left, or postpone" },
  { from: "RUNNING", to: "PENDING", by: "release, or rescue" },
  { from: "RUNNING", to: "FAILED", by: "error with no attempt left, or rescue" },
  {
    from: "RUNNING",
    to: "CANCELLED",
    by: "cancel: the worker let go, or an error, postpone, release or rescue met it",
  },
  { from: "FAILED", to: "PENDING", by: "retryJob" },
  { from: "FAILED", to: "SCHEDULED", by: "retryJob for a future time" },
  { from: "CANCELLED", to: "PENDING", by: "retryJob" },
  { from: "CANCELLED", to: "SCHEDULED", by: "retryJob for a future time" },
];

export function canMove(from: JobStatus | null, to: JobStatus): boolean {
  return MOVES.some((move) => move.from === from && move.to === to);
}
