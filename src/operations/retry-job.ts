/** Makes a failed or cancelled job ready again, with a fresh set of attempts. */
import { type JobRecord, jobEvent } from "../domain/job-record.ts";
import { retryJobs } from "../store/retry-jobs.ts";
import { type InvalidState, invalidState, type NotFound } from "./failures.ts";
import { moveJob } from "./move-job.ts";
import { movedRecord } from "./moved-record.ts";
import type { OperationDeps } from "./operation-deps.ts";

export interface RetryJobInput {
  readonly id: string;
  /** Not given, or in the past: at once. */
  readonly scheduledAt?: Date | null | undefined;
}

export interface Retried {
  readonly kind: "RETRIED";
  /** PENDING, or SCHEDULED for its time. */
  readonly job: JobRecord;
}

export type RetryJobResult = Retried | NotFound | InvalidState;
export type RetryJob = (input: RetryJobInput) => Promise<RetryJobResult>;

/** `attempt` goes on rising; an `expiresAt` that would forbid the new start no longer counts. */
export function createRetryJob({ db, bus }: Pick<OperationDeps, "db" | "bus">): RetryJob {
  return async ({ id, scheduledAt }) => {
    const startAtMs = scheduledAt?.getTime() ?? null;
    const result = await moveJob(db, id, {
      move: async (jobId) => {
        const [moved] = await retryJobs(db, [jobId], startAtMs);
        return moved;
      },
      refuse: (job) =>
        job.status === "FAILED" || job.status === "CANCELLED"
          ? null
          : invalidState(job, "only a FAILED or CANCELLED job can be retried"),
    });
    if (result.kind !== "MOVED") return result;
    const { moved } = result;
    const job = movedRecord(result.job, moved);
    if (bus.isWatched(job.id)) bus.publish([jobEvent(job, moved.from)]);
    const isReady = moved.to === "PENDING";
    bus.wake(isReady ? { lanes: [moved.lane] } : { dueAtMs: moved.scheduledAtMs });
    return { kind: "RETRIED", job };
  };
}
