/** What moves of waiting and ended jobs do to the model: promote, expire, age, cancel, retry. */
import { AGED_RANK } from "../../src/store/age-jobs.ts";
import { type ModelJob, type ModelState, move } from "./model-state.ts";

export function promote(state: ModelState, limit: number, nowMs: number): ModelJob[] {
  const due = state
    .of("SCHEDULED")
    .filter((job) => job.atMs <= nowMs)
    .sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1))
    .slice(0, limit);
  return due.map((job) => {
    move(job, "PENDING", { nowMs });
    // It has been ready since its time, whenever the promoter came.
    job.readyAtMs = job.atMs;
    return job;
  });
}

/** Milliseconds until the next scheduled job; null without one. */
export function nextDue(state: ModelState, nowMs: number): number | null {
  const times = state.of("SCHEDULED").map(({ atMs }) => atMs);
  return times.length === 0 ? null : Math.min(...times) - nowMs;
}

export function expire(state: ModelState, limit: number, nowMs: number): ModelJob[] {
  const due = [...state.expiries]
    .filter(([id, expiresAtMs]) => expiresAtMs <= nowMs && isWaiting(state.jobs.get(id)))
    .sort(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1))
    .slice(0, limit);
  return due.flatMap(([id]) => {
    const job = state.jobs.get(id);
    return job === undefined ? [] : [move(job, "CANCELLED", { nowMs })];
  });
}

/** What has ended needs no expiry any more. */
export function forgetExpiries(state: ModelState, nowMs: number): void {
  for (const [id, expiresAtMs] of state.expiries) {
    const job = state.jobs.get(id);
    if (expiresAtMs <= nowMs && !isWaiting(job) && job?.status !== "RUNNING") {
      state.expiries.delete(id);
    }
  }
}

/** Jobs that were passed over for too long go to the front of their lanes; by lane, how many. */
export function age(state: ModelState, waitMaxMs: number, nowMs: number): Map<number, number> {
  const ready = state.of("PENDING");
  const ranks = ready.map(({ rank }) => rank).filter((rank) => rank > AGED_RANK);
  const best = Math.min(...ranks);
  const bound = nowMs - waitMaxMs;
  const aged = new Map<number, number>();
  for (const job of ready) {
    const isOld = job.atMs < bound && job.readyAtMs < bound && !state.locked.has(job.id);
    if (!isOld || job.rank <= best) continue;
    job.rank = AGED_RANK;
    aged.set(job.lane, (aged.get(job.lane) ?? 0) + 1);
  }
  return aged;
}

export interface ModelCancel {
  readonly job: ModelJob;
  /** False for a running job whose instance is to let go of it. */
  readonly wasWaiting: boolean;
  /** The request changed something. */
  readonly isNew: boolean;
}

export function cancel(
  state: ModelState,
  ids: readonly string[],
  reason: string | null,
  nowMs: number,
): ModelCancel[] {
  return ids.flatMap((id): ModelCancel[] => {
    const job = state.jobs.get(id);
    if (job !== undefined && isWaiting(job)) {
      ask(state, id, { instance: null, requestedAtMs: nowMs, reason });
      move(job, "CANCELLED", { nowMs });
      return [{ job, wasWaiting: true, isNew: true }];
    }
    if (job?.claim == null) return [];
    const { instance } = job.claim;
    const isNew = ask(state, id, { instance, requestedAtMs: nowMs, reason });
    if (isNew) {
      job.version += 1;
      job.told.push(job.version);
    }
    return [{ job, wasWaiting: false, isNew }];
  });
}

/** True for the first request; a later one only turns it to who runs the job now. */
function ask(
  state: ModelState,
  id: string,
  asked: { instance: number | null; requestedAtMs: number; reason: string | null },
): boolean {
  const before = state.cancellations.get(id);
  if (before === undefined) state.cancellations.set(id, asked);
  else before.instance = asked.instance;
  return before === undefined;
}

/** Jobs whose request names an instance that does not run them. */
export function strayCancels(state: ModelState, limit: number): string[] {
  return [...state.cancellations]
    .filter(([id, { instance }]) => {
      return instance !== null && state.jobs.get(id)?.claim?.instance !== instance;
    })
    .map(([id]) => id)
    .sort()
    .slice(0, limit);
}

export function closeCancels(state: ModelState, ids: readonly string[]): void {
  for (const id of ids) {
    const cancellation = state.cancellations.get(id);
    const job = state.jobs.get(id);
    if (cancellation === undefined || isWaiting(job) || job?.status === "RUNNING") continue;
    cancellation.instance = null;
  }
}

export function retry(
  state: ModelState,
  ids: readonly string[],
  startAtMs: number | null,
  nowMs: number,
): ModelJob[] {
  return ids.flatMap((id) => {
    const job = state.jobs.get(id);
    if (job?.status !== "FAILED" && job?.status !== "CANCELLED") return [];
    const atMs = Math.max(nowMs, startAtMs ?? nowMs);
    if (job.expiresAtMs !== null && job.expiresAtMs <= atMs) {
      if (state.expiries.get(id) === job.expiresAtMs) state.expiries.delete(id);
      job.expiresAtMs = null;
    }
    state.cancellations.delete(id);
    job.atMs = atMs;
    const { maxAttempts: attemptsLeft, homeLane: lane } = job;
    return [move(job, atMs > nowMs ? "SCHEDULED" : "PENDING", { nowMs, attemptsLeft, lane })];
  });
}

function isWaiting(job: ModelJob | undefined): boolean {
  return job?.status === "BLOCKED" || job?.status === "SCHEDULED" || job?.status === "PENDING";
}
