/** Tells the others, after the commit, that jobs were stored. */

import { type JobRecord, jobEvent } from "../domain/job-record.ts";
import { placeOfFirst } from "../domain/lane-place.ts";
import type { Bus, WakeUp } from "../events/bus.ts";
import type { Lane } from "../store/lane-catalog.ts";

export interface SubmittedJob {
  readonly job: JobRecord;
  readonly lane: Lane;
}

/**
 * Wakes the schedulers, and publishes what somebody watches. Nobody can know a new job's id before
 * its submit is answered, so in practice that is who watches all jobs: with none, nothing is built.
 * Jobs that started with their submit need neither.
 */
export function announceSubmitted(bus: Bus, submitted: readonly SubmittedJob[]): void {
  const waiting = submitted.filter(({ job }) => job.status !== "RUNNING");
  if (waiting.length === 0) return;
  const watched = waiting.filter(({ job }) => bus.isWatched(job.id));
  if (watched.length > 0) bus.publish(watched.map(({ job }) => jobEvent(job, null)));
  bus.wake(wakeUpFor(waiting));
}

function wakeUpFor(submitted: readonly SubmittedJob[]): WakeUp {
  const ready = submitted.filter(({ job }) => job.status === "PENDING");
  const from = placeOfFirst(ready.map(({ job }) => job));
  const dueAtMs = submitted.reduce(
    (first, { job }) => (job.status === "PENDING" ? first : Math.min(first, job.scheduledAtMs)),
    Number.POSITIVE_INFINITY,
  );
  return {
    ...(from !== null && { lanes: [...new Set(ready.map(({ lane }) => lane.id))], from }),
    ...(Number.isFinite(dueAtMs) && { dueAtMs }),
  };
}
