/** What may go wrong with an operation as its caller must expect it: plain values, never thrown. */
import type { InputIssue, UserErrorCode } from "../domain/errors.ts";
import type { JobRecord } from "../domain/job-record.ts";

interface Failure<Kind extends UserErrorCode> {
  readonly kind: Kind;
  /** A sentence for the person who reads it. */
  readonly message: string;
  /** Where in the input, from the job's own fields down; empty if it is about the whole. */
  readonly path: readonly string[];
}

export interface InvalidInput extends Failure<"INVALID_INPUT"> {
  readonly issues: readonly InputIssue[];
}

export interface UnknownJobType extends Failure<"UNKNOWN_JOB_TYPE"> {
  readonly knownTypes: readonly string[];
}

export interface IdempotencyKeyReused extends Failure<"IDEMPOTENCY_KEY_REUSED"> {
  readonly existingJob: JobRecord;
}

export interface QueueFull extends Failure<"QUEUE_FULL"> {
  readonly retryAfterMs: number;
}

export interface BatchRejected extends Failure<"BATCH_REJECTED"> {
  readonly rejected: readonly RejectedJob[];
}

export interface RejectedJob {
  readonly index: number;
  readonly error: SubmitFailure;
}

export interface NotFound extends Failure<"NOT_FOUND"> {}

export interface InvalidState extends Failure<"INVALID_STATE"> {
  readonly job: JobRecord;
}

export type SubmitFailure = InvalidInput | UnknownJobType | IdempotencyKeyReused | QueueFull;

export type UserError = SubmitFailure | BatchRejected | NotFound | InvalidState;

/** @param issues at least one */
export function invalidInput(issues: readonly InputIssue[]): InvalidInput {
  const [first] = issues;
  const rest = issues.length - 1;
  const place = first === undefined || first.path.length === 0 ? "" : `${first.path.join(".")}: `;
  const more = rest > 0 ? ` (and ${rest} more)` : "";
  return {
    kind: "INVALID_INPUT",
    message: `${place}${first?.message ?? "is invalid"}${more}`,
    path: first?.path ?? [],
    issues,
  };
}

export function unknownJobType(type: string, knownTypes: readonly string[]): UnknownJobType {
  // What was sent may be megabytes long, or hold half of a surrogate pair.
  const shown = type.slice(0, 100).toWellFormed();
  const message = `no executor runs jobs of the type "${shown}"; known types: ${knownTypes.join(", ")}`;
  return { kind: "UNKNOWN_JOB_TYPE", message, path: ["type"], knownTypes };
}

export function idempotencyKeyReused(existingJob: JobRecord): IdempotencyKeyReused {
  return {
    kind: "IDEMPOTENCY_KEY_REUSED",
    message: `this idempotencyKey belongs to job ${existingJob.id}, which was submitted with other input`,
    path: ["idempotencyKey"],
    existingJob,
  };
}

/** @param total jobs in the refused list */
export function batchRejected(rejected: readonly RejectedJob[], total: number): BatchRejected {
  const message = `${rejected.length} of ${total} jobs were rejected, so none was stored`;
  return { kind: "BATCH_REJECTED", message, path: ["jobs"], rejected };
}

/** @param id as it was sent */
export function notFound(id: string): NotFound {
  const shown = id.slice(0, 100).toWellFormed();
  return { kind: "NOT_FOUND", message: `there is no job ${shown}`, path: ["id"] };
}

/** @param why what the job's status forbids: "only failed jobs can be retried" */
export function invalidState(job: JobRecord, why: string): InvalidState {
  const message = `job ${job.id} is ${job.status}: ${why}`;
  return { kind: "INVALID_STATE", message, path: ["id"], job };
}
