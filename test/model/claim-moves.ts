/** What claims do to the model. */
import { type ModelJob, type ModelState, move } from "./model-state.ts";

export interface AskedLane {
  readonly lane: number;
  readonly threads: number;
  readonly fromRank: number;
  readonly fromMs: number;
}

export interface ClaimAsked {
  readonly lanes: readonly AskedLane[];
  readonly limit: number;
  readonly instance: number;
  readonly worker: number;
  readonly token: string;
}

export interface Picked {
  readonly jobs: readonly ModelJob[];
  /** Rows that the statement saw, some of which another claim may hold. */
  readonly seen: number;
}

/** Chooses without taking: the best of all lanes, as the statement locks them. */
export function pick(state: ModelState, asked: ClaimAsked, nowMs: number): Picked {
  if (!state.isAlive(asked.instance)) return { jobs: [], seen: 0 };
  const [only] = asked.lanes;
  const isFree = (job: ModelJob) => !state.locked.has(job.id);
  if (asked.lanes.length === 1 && only !== undefined) {
    const jobs = readyIn(state, only, nowMs).filter(isFree).slice(0, asked.limit);
    return { jobs, seen: jobs.length };
  }
  const heads = asked.lanes.flatMap((lane) => readyIn(state, lane, nowMs).slice(0, asked.limit));
  const best = heads.sort(byRank).slice(0, asked.limit);
  const jobs = asked.lanes.flatMap((lane) => {
    const count = best.filter((job) => job.lane === lane.lane).length;
    return readyIn(state, lane, nowMs).filter(isFree).slice(0, count);
  });
  return { jobs: jobs.sort(byRank), seen: best.length };
}

/** Moves what was picked to RUNNING. */
export function take(picked: Picked, asked: ClaimAsked, nowMs: number): void {
  const { instance, worker, token } = asked;
  for (const job of picked.jobs) {
    const threads = asked.lanes.find(({ lane }) => lane === job.lane)?.threads ?? 1;
    takeRow(job, { instance, worker, threads, token, nowMs });
  }
}

interface Taking {
  readonly instance: number;
  readonly worker: number;
  readonly threads: number;
  readonly token: string;
  readonly nowMs: number;
}

export function takeRow(job: ModelJob, { nowMs, ...taking }: Taking): void {
  const attempt = job.attempt + 1;
  move(job, "RUNNING", { nowMs, attempt, attemptsLeft: job.attemptsLeft - 1, isTold: false });
  const claimVersion = job.version;
  job.claim = { ...taking, startedAtMs: nowMs, claimVersion, progress: null };
}

function readyIn(state: ModelState, from: AskedLane, nowMs: number): ModelJob[] {
  return state
    .of("PENDING")
    .filter(
      (job) =>
        job.lane === from.lane &&
        (job.rank > from.fromRank || (job.rank === from.fromRank && job.atMs >= from.fromMs)) &&
        (job.readyExpiresAtMs === null || job.readyExpiresAtMs > nowMs),
    )
    .sort(byRank);
}

/** Higher priority, then earlier time, then id. */
export function byRank(a: ModelJob, b: ModelJob): number {
  return a.rank - b.rank || a.atMs - b.atMs || (a.id < b.id ? -1 : 1);
}
