/** What the ends of attempts do to the model: finish, error, release, rescue. */
import type { JobStatus } from "../../src/domain/job.ts";
import type { AttemptOutcome, Decision } from "../../src/domain/outcome.ts";
import { type ClaimName, type ModelJob, type ModelState, move } from "./model-state.ts";

/** By place in the batch: the new version; null where the attempt is no longer the writer's. */
export function finish(
  state: ModelState,
  attempts: readonly ClaimName[],
  nowMs: number,
): (number | null)[] {
  return attempts.map((name) => {
    const job = state.claimed(name);
    if (job === null) return null;
    end(job);
    return move(job, "COMPLETED", { nowMs, isTold: false }).version;
  });
}

export interface Ending extends ClaimName {
  readonly outcome: AttemptOutcome;
  readonly next: Decision;
}

/** The jobs that moved. */
export function endAttempts(
  state: ModelState,
  endings: readonly Ending[],
  nowMs: number,
): ModelJob[] {
  return endings.flatMap(({ outcome, next, ...name }) => {
    const job = state.claimed(name);
    if (job === null) return [];
    const status = uncancelled(state, job, next.status);
    const { attemptsLeft } = next;
    if (next.status === "SCHEDULED" && status === "SCHEDULED") job.atMs = nowMs + next.delayMs;
    toldOff(state, job);
    return [close(job, outcome, status, { nowMs, attemptsLeft })];
  });
}

export interface Rescue {
  readonly instances: readonly number[];
  readonly limit: number;
  /** Where a job goes on, by the lane that it ran in. */
  readonly suspects: ReadonlyMap<number, number>;
}

export function rescue(state: ModelState, asked: Rescue, nowMs: number): ModelJob[] {
  const { instances, limit, suspects } = asked;
  const lost = state
    .of("RUNNING")
    .filter((job) => instances.includes(job.claim?.instance ?? 0) && suspects.has(job.lane))
    .filter((job) => !state.locked.has(job.id))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);
  return lost.map((job) => {
    const status = state.isCancelPending(job.id) ? "CANCELLED" : lostStatus(job);
    const lane = status === "PENDING" ? (suspects.get(job.lane) ?? job.lane) : job.lane;
    toldOff(state, job);
    return close(job, "LOST", status, { nowMs, attemptsLeft: job.attemptsLeft, lane });
  });
}

/** Gives claims back, unharmed, that their instance does not know. */
export function release(
  state: ModelState,
  instance: number,
  claims: readonly { readonly id: string; readonly token: string }[],
  nowMs: number,
): ModelJob[] {
  const tokens = new Set(claims.map(({ token }) => token));
  const given = claims.flatMap(({ id }) => {
    const job = state.jobs.get(id);
    const isOurs = job?.claim?.instance === instance && tokens.has(job.claim.token);
    return job !== undefined && isOurs ? [job] : [];
  });
  return given.map((job) => {
    const status = uncancelled(state, job, "PENDING");
    toldOff(state, job);
    return close(job, "RELEASED", status, { nowMs, attemptsLeft: job.attemptsLeft + 1 });
  });
}

/** Raises the version; the jobs that took it. */
export function progress(
  state: ModelState,
  reports: readonly (ClaimName & { readonly progress: number })[],
): ModelJob[] {
  return reports.flatMap(({ progress: fraction, ...name }) => {
    const job = state.claimed(name);
    if (job?.claim == null) return [];
    job.claim.progress = fraction;
    job.version += 1;
    return [job];
  });
}

function lostStatus(job: ModelJob): JobStatus {
  return job.attemptsLeft > 0 ? "PENDING" : "FAILED";
}

/** A job that somebody asked to cancel does not run again. */
function uncancelled(state: ModelState, job: ModelJob, status: JobStatus): JobStatus {
  const runsAgain = status === "SCHEDULED" || status === "PENDING";
  return runsAgain && state.isCancelPending(job.id) ? "CANCELLED" : status;
}

function toldOff(state: ModelState, job: ModelJob): void {
  const cancellation = state.cancellations.get(job.id);
  if (cancellation !== undefined) cancellation.instance = null;
}

interface Closing {
  readonly nowMs: number;
  readonly attemptsLeft: number;
  readonly lane?: number;
}

function close(
  job: ModelJob,
  outcome: AttemptOutcome,
  status: JobStatus,
  closing: Closing,
): ModelJob {
  job.attempts.push({ number: job.attempt, outcome });
  if (job.claim !== null) job.told.push(job.claim.claimVersion);
  end(job);
  return move(job, status, closing);
}

function end(job: ModelJob): void {
  job.startedAtMs = job.claim?.startedAtMs ?? null;
  job.threads = job.claim?.threads ?? null;
  job.claim = null;
}
