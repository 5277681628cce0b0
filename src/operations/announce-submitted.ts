/** Tells the others, after the commit, that jobs were stored. */
import type { JobEvent } from "../domain/event.ts";
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
 * Of a job that started with its submit, the scheduler tells the start.
 */
export function announceSubmitted(bus: Bus, submitted: readonly SubmittedJob[]): void {
  const watched = submitted.filter(({ job }) => bus.isWatched(job.id));
  if (watched.length > 0) bus.publish(watched.map(({ job }) => submitEvent(job)));
  const waiting = submitted.filter(({ job }) => job.status !== "RUNNING");
  if (waiting.length > 0) bus.wake(wakeUpFor(waiting));
}

function submitEvent(job: JobRecord): JobEvent {
  const event = jobEvent(job, null);
  if (job.status !== "RUNNING") return event;
  const { version, attempt, attemptsLeft } = job;
  return {
    ...event,
    ...{ status: "PENDING", version: version - 1, threads: null, startedAtMs: null },
    ...{ attempt: attempt - 1, attemptsLeft: attemptsLeft + 1, queueTimeMs: null },
  };
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
