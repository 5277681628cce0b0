/** Makes a failed or cancelled job ready again, with a fresh set of attempts. */
import { type JobRecord, jobEvent } from "../domain/job-record.ts";
import type { Bus, WakeUp } from "../events/bus.ts";
import type { MovedJob } from "../store/moved-job.ts";
import { type Retry, retryEach } from "../store/retry-jobs.ts";
import { type InvalidState, invalidState, type NotFound } from "./failures.ts";
import { createMoveJob, type Done } from "./move-jobs.ts";
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

/**
 * `attempt` goes on rising; an `expiresAt` that would forbid the new start no longer counts.
 * Concurrent calls share their statements.
 */
export function createRetryJob({ db, bus }: Pick<OperationDeps, "db" | "bus">): RetryJob {
  const retry = createMoveJob<Retry, MovedJob>(db, {
    move: (retries) => retryEach(db, retries),
    refuse: (job) =>
      job.status === "FAILED" || job.status === "CANCELLED"
        ? null
        : invalidState(job, "only a FAILED or CANCELLED job can be retried"),
    repeat: () => null,
    record: movedRecord,
    announce: (done) => announce(bus, done),
  });
  return async ({ id, scheduledAt }) => {
    const result = await retry({ id, startAtMs: scheduledAt?.getTime() ?? null });
    return result.kind === "MOVED" ? { kind: "RETRIED", job: result.job } : result;
  };
}

function announce(bus: Bus, done: readonly Done<MovedJob>[]): void {
  if (done.length === 0) return;
  const watched = done.filter(({ job }) => bus.isWatched(job.id));
  if (watched.length > 0) bus.publish(watched.map(({ job, moved }) => jobEvent(job, moved.from)));
  bus.wake(wakeUpFor(done.map(({ moved }) => moved)));
}

function wakeUpFor(moved: readonly MovedJob[]): WakeUp {
  const ready = moved.filter(({ to }) => to === "PENDING").map(({ lane }) => lane);
  const times = moved.filter(({ to }) => to !== "PENDING").map((job) => job.scheduledAtMs);
  return {
    ...(ready.length > 0 && { lanes: [...new Set(ready)] }),
    ...(times.length > 0 && { dueAtMs: Math.min(...times) }),
  };
}
