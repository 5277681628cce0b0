/** What submits do to the model. */
import type { NewJob } from "../../src/store/insert-jobs.ts";
import { policyText } from "../../src/store/policy.ts";
import type { StartingPlace } from "../../src/store/start-one.ts";
import { takeRow } from "./claim-moves.ts";
import { type ModelJob, type ModelState, note } from "./model-state.ts";

export function submit(state: ModelState, jobs: readonly NewJob[], nowMs: number): void {
  for (const job of jobs) {
    const added = modelJob(job, nowMs);
    state.jobs.set(job.id, added);
    note(added, null, added.status !== "PENDING");
    if (job.expiresAtMs !== null) state.expiries.set(job.id, job.expiresAtMs);
  }
}

/** Jobs whose instance lives start at once; returns their ids. */
export function start(
  state: ModelState,
  starting: readonly { readonly job: NewJob; readonly place: StartingPlace | null }[],
  token: string,
  nowMs: number,
): string[] {
  submit(
    state,
    starting.map(({ job }) => job),
    nowMs,
  );
  return starting.flatMap(({ job: { id }, place }) => {
    const job = state.jobs.get(id);
    if (job === undefined || place === null || !state.isAlive(place.instance)) return [];
    takeRow(job, { ...place, token, nowMs });
    return [id];
  });
}

function modelJob(job: NewJob, nowMs: number): ModelJob {
  const atMs = job.scheduledAtMs ?? nowMs;
  return {
    id: job.id,
    homeLane: job.lane.id,
    lane: job.lane.id,
    priority: job.priority,
    maxAttempts: job.maxAttempts,
    policy: policyText(job),
    payload: job.payload,
    expiresAtMs: job.expiresAtMs,
    status: atMs <= nowMs ? "PENDING" : "SCHEDULED",
    version: 1,
    attempt: 0,
    attemptsLeft: job.maxAttempts,
    atMs,
    rank: 0 - job.priority,
    readyAtMs: nowMs,
    readyExpiresAtMs: job.expiresAtMs,
    claim: null,
    sinceMs: nowMs,
    startedAtMs: null,
    threads: null,
    moves: [],
    told: [],
    attempts: [],
  };
}
