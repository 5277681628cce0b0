/** Cancels one job: at once where it waits, as soon as its worker lets go where it runs. */
import { isFinal } from "../domain/job.ts";
import { type JobRecord, jobEvent } from "../domain/job-record.ts";
import { storableText } from "../domain/storable.ts";
import type { Bus } from "../events/bus.ts";
import { type Cancel, type CancelledJob, cancelEach } from "../store/cancel-jobs.ts";
import { type InvalidState, invalidState, type NotFound } from "./failures.ts";
import { createMoveJob, type Done } from "./move-jobs.ts";
import { movedRecord } from "./moved-record.ts";
import type { OperationDeps } from "./operation-deps.ts";

export interface CancelJobInput {
  readonly id: string;
  readonly reason?: string | null | undefined;
}

export interface Cancelled {
  readonly kind: "CANCELLED";
  /** CANCELLED, or RUNNING for as long as its worker has not let go. */
  readonly job: JobRecord;
}

export type CancelJobResult = Cancelled | NotFound | InvalidState;
export type CancelJob = (input: CancelJobInput) => Promise<CancelJobResult>;

/** A longer one is cut: a cancel should not fail for its words. */
export const REASON_MAX = 1_000;

/**
 * The answer is the job as this call left it, or as it found it. Of a cancel and a completion in the
 * same moment, whichever is written first counts: a job whose cancel was accepted while it ran may
 * still come out as COMPLETED, or as FAILED if that was its last attempt. It never runs again.
 * Concurrent calls share their statements.
 */
export function createCancelJob({ db, bus }: Pick<OperationDeps, "db" | "bus">): CancelJob {
  const cancel = createMoveJob<Cancel, CancelledJob>(db, {
    move: (cancels) => cancelEach(db, cancels),
    refuse: (job) =>
      isFinal(job.status) ? invalidState(job, "a job that has ended cannot be cancelled") : null,
    repeat: askedAgain,
    record: cancelledRecord,
    announce: (done) => announce(bus, done),
  });
  return async ({ id, reason }) => {
    const result = await cancel({ id, reason: reasonOf(reason) });
    return result.kind === "MOVED" ? { kind: "CANCELLED", job: result.job } : result;
  };
}

/** While the job runs, a second call changes nothing. */
function askedAgain(moved: CancelledJob): CancelledJob | null {
  const { running } = moved;
  return running && { ...moved, running: { ...running, isNew: false } };
}

function announce(bus: Bus, done: readonly Done<CancelledJob>[]): void {
  const changed = done.filter(({ moved }) => moved.running?.isNew ?? true);
  const watched = changed.filter(({ job }) => bus.isWatched(job.id));
  if (watched.length > 0) bus.publish(watched.map(({ job, moved }) => jobEvent(job, moved.from)));
  const instances = done.flatMap(({ moved }) => moved.running?.instance ?? []);
  if (instances.length > 0) bus.wake({ cancels: [...new Set(instances)] });
}

/** Null for one of nothing but white space. */
function reasonOf(reason: string | null | undefined): string | null {
  const text = storableText(reason?.trim() ?? "", REASON_MAX);
  return text === "" ? null : text;
}

function cancelledRecord(job: JobRecord, moved: CancelledJob): JobRecord {
  const { running } = moved;
  if (running === null) return movedRecord(job, moved);
  const { threads, progress, startedAtMs, readyAtMs } = running;
  return {
    ...movedRecord(job, moved),
    ...{ threads, progress, startedAtMs, updatedAtMs: startedAtMs },
    queueTimeMs: Math.max(0, startedAtMs - readyAtMs),
  };
}
