/**
 * How jobs run that lost an attempt with an instance, and may have ended it: so that if one was the
 * killer, it takes as few others with it as can be.
 *
 * Nothing is read ahead beside them. After its first loss a job has the instance to itself, among its
 * like, for its first moments: what crashes a process mostly does so at once. Once it has outlived
 * them the next may begin beside it, or several long jobs that were lost together would begin again
 * one after another (six of 8 s each: the last after 43 s). From its next attempt on it is alone to
 * its end.
 *
 * Suspects and ordinary jobs take turns for threads, so that neither starves the other: on an instance
 * with one thread, any number of suspects would keep it.
 */
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { LaneBook, LaneState } from "./lane-book.ts";
import type { Worker } from "./worker.ts";

export type ClaimKind = "ordinary" | "ahead" | "suspect";

export interface SuspectsOptions {
  readonly lanes: LaneBook;
  readonly workers: readonly Worker[];
  /** The next one may begin now, beside the last. */
  readonly onNext: () => void;
}

/** How long the next one waits for one that has been lost once. */
const PROOF_MS = 100;
/** The attempt in which a job runs that was lost in its first. A later one may have been lost twice. */
const SECOND_ATTEMPT = 2;

interface Held {
  readonly worker: Worker;
  readonly job: ClaimedJob;
  /** On the monotonic clock. */
  readonly until: number;
}

export class Suspects {
  readonly #options: SuspectsOptions;
  /** Workers to which some went; they may be there still. */
  readonly #places = new Set<Worker>();
  /** The last one, while no other may begin beside it. */
  #held: Held | null = null;
  #proof: NodeJS.Timeout | null = null;
  #claiming = false;
  /** Claims in flight that may bring more jobs than there are threads. */
  #readingAhead = 0;
  /** One has been claimed, and no ordinary job since. */
  #yields = false;

  constructor(options: SuspectsOptions) {
    this.#options = options;
  }

  /** Nothing may be read ahead: one is here, on its way, or waited for. */
  get isQuiet(): boolean {
    if (this.#claiming || this.#options.lanes.hasSuspects) return true;
    for (const worker of this.#places) {
      if (worker.hasSuspect) return true;
      this.#places.delete(worker);
    }
    return false;
  }

  /** No other one may begin here now: one is on its way, or is to run alone. */
  get areBarred(): boolean {
    if (this.#claiming) return true;
    if (this.#held === null) return false;
    const { worker, job, until } = this.#held;
    if (performance.now() < until && worker.has(job)) return true;
    this.#held = null;
    return false;
  }

  /** Ordinary jobs come first, if there are any for these threads. */
  get yields(): boolean {
    return this.#yields;
  }

  /** Lanes of which one job may be claimed for `threadsFree` threads of a worker now. */
  servable(threadsFree: number): LaneState[] {
    const { lanes, workers } = this.#options;
    if (!lanes.hasSuspects || this.areBarred || this.#readingAhead > 0) return [];
    if (workers.some((worker) => worker.readAhead > 0)) return [];
    return lanes.servableSuspects(threadsFree);
  }

  /** Whether a wide one that a worker keeps its threads for may be claimed now. */
  mayTake(state: LaneState): boolean {
    return this.servable(state.threads).includes(state);
  }

  claimBegins(kind: ClaimKind): void {
    if (kind === "suspect") this.#claiming = true;
    if (kind === "ahead") this.#readingAhead += 1;
  }

  claimEnds(kind: ClaimKind, worker: Worker, jobs: readonly ClaimedJob[]): void {
    if (kind === "ahead") this.#readingAhead -= 1;
    if (kind !== "suspect") {
      this.#yields = false;
      return;
    }
    this.#claiming = false;
    for (const job of jobs) {
      this.#places.add(worker);
      this.#hold(worker, job);
      this.#yields = true;
    }
  }

  stop(): void {
    if (this.#proof !== null) clearTimeout(this.#proof);
  }

  #hold(worker: Worker, job: ClaimedJob): void {
    this.stop();
    const isTrusted = job.attempt <= SECOND_ATTEMPT;
    const until = isTrusted ? performance.now() + PROOF_MS : Number.POSITIVE_INFINITY;
    this.#held = { worker, job, until };
    if (isTrusted) this.#proof = setTimeout(this.#options.onNext, PROOF_MS + 1);
  }
}
