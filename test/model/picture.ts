/** All that the store knows of all jobs, in one shape for the tables and for the model. */
import type { JobStatus } from "../../src/domain/job.ts";
import type { ModelState } from "./model-state.ts";

export interface JobPicture {
  readonly id: string;
  /** Every state table that has it: one, or something is wrong. */
  readonly states: readonly JobStatus[];
  readonly lane: number;
  readonly priority: number;
  readonly maxAttempts: number;
  readonly version: number;
  readonly attempt: number;
  readonly attemptsLeft: number;
  readonly atMs: number;
  readonly expiresAtMs: number | null;
  /** Of a ready job. */
  readonly ready: { readonly rank: number; readonly readyAtMs: number } | null;
  /** Of a running job. */
  readonly claim: {
    readonly token: string;
    readonly instance: number;
    readonly worker: number;
    readonly threads: number;
    readonly claimVersion: number;
    readonly startedAtMs: number;
    readonly progress: number | null;
  } | null;
  /** In the order of the event log. */
  readonly moves: readonly MovePicture[];
  /** Versions that the history tells of, from the first. */
  readonly told: readonly number[];
  readonly attempts: readonly { readonly number: number; readonly outcome: string }[];
  readonly cancellation: {
    readonly instance: number | null;
    readonly reason: string | null;
  } | null;
  readonly hasExpiry: boolean;
}

export interface MovePicture {
  readonly from: JobStatus | null;
  readonly to: JobStatus;
  readonly version: number;
  readonly attempt: number;
}

export interface Picture {
  readonly jobs: readonly JobPicture[];
  /** Jobs by "lane status", zeros left out. */
  readonly counters: Readonly<Record<string, number>>;
}

export function pictureOf(state: ModelState): Picture {
  const counters: Record<string, number> = {};
  const jobs = [...state.jobs.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const { lane, status } of jobs) {
    counters[`${lane} ${status}`] = (counters[`${lane} ${status}`] ?? 0) + 1;
  }
  return { counters, jobs: jobs.map((job) => jobPicture(state, job.id)) };
}

function jobPicture(state: ModelState, id: string): JobPicture {
  const job = state.jobs.get(id);
  if (job === undefined) throw new Error(`the model has no job ${id}`);
  const { lane, priority, maxAttempts, version, attempt, attemptsLeft, atMs, expiresAtMs } = job;
  const cancellation = state.cancellations.get(id);
  return {
    ...{ id, lane, priority, maxAttempts, version, attempt, attemptsLeft, atMs, expiresAtMs },
    states: [job.status],
    ready: job.status === "PENDING" ? { rank: job.rank, readyAtMs: job.readyAtMs } : null,
    claim: job.claim,
    moves: job.moves.map(({ lane: _lane, ...move }) => move),
    told: job.told.toSorted((a, b) => a - b),
    attempts: job.attempts.toSorted((a, b) => a.number - b.number),
    cancellation:
      cancellation === undefined
        ? null
        : { instance: cancellation.instance, reason: cancellation.reason },
    hasExpiry: state.expiries.has(id),
  };
}
