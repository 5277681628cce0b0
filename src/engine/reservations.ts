/**
 * Keeps jobs of several threads from starving: on a busy worker the threads come free one by one,
 * and one-thread jobs would take each of them for ever. A wide lane that had to wait for a second
 * gets a worker for itself until its first job has been claimed.
 */
import { hasReadyJobs } from "../store/claim-jobs.ts";
import type { Database } from "../store/database.ts";
import type { LaneBook, LaneState } from "./lane-book.ts";
import type { Worker } from "./worker.ts";

const PATIENCE_MS = 1_000;

export class Reservations {
  readonly #byWorker = new Map<Worker, LaneState>();
  readonly #waitingSince = new Map<LaneState, number>();

  /** The wide lane that this worker keeps its threads for. */
  of(worker: Worker): LaneState | null {
    return this.#byWorker.get(worker) ?? null;
  }

  /** The worker has asked for a job of its reserved lane: whatever came of it, the turn is over. */
  served(worker: Worker): void {
    const state = this.#byWorker.get(worker);
    this.#byWorker.delete(worker);
    if (state !== undefined) this.#waitingSince.delete(state);
  }

  /** Reserves workers for wide lanes that have waited and do have jobs. Called with every poll. */
  async review(db: Database, lanes: LaneBook, workers: readonly Worker[]): Promise<void> {
    const wide = lanes.wide();
    for (const state of this.#waitingSince.keys()) {
      if (!wide.includes(state)) this.#waitingSince.delete(state);
    }
    for (const state of wide) await this.#reviewLane(db, state, workers);
  }

  async #reviewLane(db: Database, state: LaneState, workers: readonly Worker[]): Promise<void> {
    const fitting = workers.filter((worker) => worker.threads >= state.threads);
    if (fitting.some((worker) => worker.threadsFree >= state.threads)) {
      this.#waitingSince.delete(state);
      return;
    }
    const since = this.#waitingSince.get(state);
    if (since === undefined) {
      this.#waitingSince.set(state, performance.now());
      return;
    }
    if (performance.now() - since < PATIENCE_MS || [...this.#byWorker.values()].includes(state)) {
      return;
    }
    const free = fitting.filter((worker) => !this.#byWorker.has(worker));
    const [best] = free.toSorted((a, b) => b.threadsFree - a.threadsFree);
    if (best !== undefined && (await hasReadyJobs(db, state.lane))) this.#byWorker.set(best, state);
  }
}
