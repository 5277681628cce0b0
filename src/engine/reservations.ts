/**
 * Keeps jobs of several threads from starving: on a busy worker the threads come free one by one,
 * and one-thread jobs would take each of them for ever. So jobs keep their order: where a wide job is
 * the next to run of all that this instance serves, a worker keeps its threads for it.
 *
 * Nothing can lock up: a reservation waits for running jobs only, which wait for nobody, and it ends
 * with the first claim or as soon as its lane is not the next any more. Nor do others starve: they go
 * on with the threads that the wide job does not need, on every other worker, and in their turn.
 */
import type { Database } from "../store/database.ts";
import { readLaneHeads } from "../store/read-lane-heads.ts";
import type { LaneBook, LaneState } from "./lane-book.ts";
import type { Worker } from "./worker.ts";

/** Wide lanes that may be next at the same time, each on a worker of its own. */
const HEADS = 100;

export class Reservations {
  readonly #byWorker = new Map<Worker, LaneState>();

  /** The wide lane that this worker keeps threads for. */
  of(worker: Worker): LaneState | null {
    return this.#byWorker.get(worker) ?? null;
  }

  /** The worker has asked for a job of its reserved lane: whatever came of it, the turn is over. */
  served(worker: Worker): void {
    this.#byWorker.delete(worker);
  }

  /**
   * Threads that other lanes may have on a worker with a reservation: what they hold and the wide
   * job fit side by side, so it starts at the latest when the jobs of its own lane have ended.
   */
  spare(worker: Worker, reserved: LaneState): number {
    return worker.threads - reserved.threads - worker.threadsBeside(reserved.lane.id);
  }

  /**
   * Looks anew which wide lanes are next. It asks the database only if one of them has to wait.
   *
   * @param isBarred lanes whose turn does not come now, however many threads there are
   */
  async review(
    db: Database,
    lanes: LaneBook,
    workers: readonly Worker[],
    isBarred: (state: LaneState) => boolean,
  ): Promise<void> {
    const waits = (state: LaneState) =>
      !isBarred(state) && !workers.some((each) => each.threadsFree >= state.threads);
    if (this.#byWorker.size === 0 && !lanes.wide().some(waits)) return;
    const states = lanes.contenders();
    for (const [id, state] of states) if (isBarred(state)) states.delete(id);
    const places = [...states.values()].map(({ lane, from }) => ({ lane: lane.id, from }));
    const heads = await readLaneHeads(db, places, HEADS);
    this.#assign(
      heads.flatMap((id) => states.get(id) ?? []),
      workers,
    );
  }

  /** Up to the first one-thread lane, whose turn comes with the next thread anyway. */
  #assign(order: readonly LaneState[], workers: readonly Worker[]): void {
    const before = new Map(this.#byWorker);
    this.#byWorker.clear();
    const free = new Set(workers);
    for (const state of order) {
      if (state.threads === 1) return;
      const worker = bestOf(free, before, state);
      if (worker === null) continue;
      free.delete(worker);
      this.#byWorker.set(worker, state);
    }
  }
}

/** The one that has it already, or the one with most threads free. */
function bestOf(
  free: ReadonlySet<Worker>,
  before: ReadonlyMap<Worker, LaneState>,
  state: LaneState,
): Worker | null {
  const fitting = [...free].filter((worker) => worker.threads >= state.threads);
  const kept = fitting.find((worker) => before.get(worker) === state);
  const [emptiest = null] = fitting.toSorted((a, b) => b.threadsFree - a.threadsFree);
  return kept ?? emptiest;
}
