/** A job as the job client shows it. */
import type { JobId } from "./job-types.ts";

export type JobStatus =
  | "BLOCKED"
  | "SCHEDULED"
  | "PENDING"
  | "RUNNING"
  | "COMPLETED"
  | "FAILED"
  | "CANCELLED";

export interface JobFailure {
  readonly message: string;
  /** What the executor's error had as its code. */
  readonly code: string | null;
  /** False: no retry could mend it. */
  readonly retryable: boolean;
}

interface EveryJob<Result> {
  readonly id: JobId<Result>;
  readonly type: string;
  readonly name: string | null;
  /** Rises with every change. */
  readonly version: number;
  /** Number of the current or last run; 0 before the first. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** From 0 to 1; null if its executor does not say. */
  readonly progress: number | null;
  /** Of the last run that failed, also when a later one went well. */
  readonly error: JobFailure | null;
  readonly createdAt: string;
  readonly scheduledAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

/** Once `status` is COMPLETED, the compiler knows that the result is there. */
export type JobState<Result = unknown> =
  | (EveryJob<Result> & { readonly status: "COMPLETED"; readonly result: Result })
  | (EveryJob<Result> & {
      readonly status: Exclude<JobStatus, "COMPLETED">;
      readonly result: null;
    });

/** The selection that makes one. */
export const JOB_STATE_FIELDS = `id type name status version attempt maxAttempts progress result
  error { message code retryable } createdAt scheduledAt startedAt finishedAt`;
