/**
 * How jobs run that lost an attempt with an instance, and may have ended it: one at a time, and with
 * nothing read ahead beside it, so that if it was the killer, it takes as few others with it as can be.
 *
 * Suspects and ordinary jobs take turns for threads, so that neither starves the other: on an instance
 * with one thread, any number of suspects would keep it.
 */
import type { LaneBook, LaneState } from "./lane-book.ts";
import type { Worker } from "./worker.ts";

export type ClaimKind = "ordinary" | "ahead" | "suspect";

export class Suspects {
  readonly #lanes: LaneBook;
  readonly #workers: readonly Worker[];
  /** Where the last one went; it may be there still. */
  #worker: Worker | null = null;
  #claiming = false;
  /** Claims in flight that may bring more jobs than there are threads. */
  #readingAhead = 0;
  /** One has been claimed, and no ordinary job since. */
  #yields = false;

  constructor(lanes: LaneBook, workers: readonly Worker[]) {
    this.#lanes = lanes;
    this.#workers = workers;
  }

  /** Nothing may be read ahead: one is here, or is waited for. */
  get isQuiet(): boolean {
    return this.#lanes.hasSuspects || this.isHere;
  }

  /** One runs on this instance, or is on its way. */
  get isHere(): boolean {
    if (this.#claiming) return true;
    if (this.#worker?.hasSuspect !== true) this.#worker = null;
    return this.#worker !== null;
  }

  /** Ordinary jobs come first, if there are any for these threads. */
  get yields(): boolean {
    return this.#yields;
  }

  /** Lanes of which one job may be claimed for `threadsFree` threads of a worker now. */
  servable(threadsFree: number): LaneState[] {
    if (!this.#lanes.hasSuspects || this.isHere || this.#readingAhead > 0) return [];
    if (this.#workers.some((worker) => worker.readAhead > 0)) return [];
    return this.#lanes.servableSuspects(threadsFree);
  }

  /** Whether a wide one that a worker keeps its threads for may be claimed now. */
  mayTake(state: LaneState): boolean {
    return this.servable(state.threads).includes(state);
  }

  claimBegins(kind: ClaimKind): void {
    if (kind === "suspect") this.#claiming = true;
    if (kind === "ahead") this.#readingAhead += 1;
  }

  claimEnds(kind: ClaimKind, worker: Worker, jobs: number): void {
    if (kind === "ahead") this.#readingAhead -= 1;
    if (kind !== "suspect") {
      this.#yields = false;
      return;
    }
    this.#claiming = false;
    if (jobs === 0) return;
    this.#worker = worker;
    this.#yields = true;
  }
}
