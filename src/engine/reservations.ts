/**
 * Keeps jobs of several threads from starving: on a busy worker the threads come free one by one,
 * and one-thread jobs would take each of them for ever. So jobs keep their order: where a wide job is
 * the next to run of all that this instance serves, a worker keeps its threads for it.
 *
 * A worker that keeps its threads drains for a while, so not every instance does it for the same job:
 * the first by number begins, and each further one joins for every second that the lane goes on being
 * the next. Whoever began may run what takes an hour; and many wide jobs need many workers.
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
/** After which one more instance keeps threads for a wide lane. */
const JOIN_EVERY_MS = 1_000;

/** What is looked at of a worker. */
export type ReservableWorker = Pick<Worker, "threads" | "threadsFree" | "threadsBeside">;

export interface Review {
  readonly db: Database;
  readonly lanes: Pick<LaneBook, "wide" | "contenders">;
  readonly workers: readonly ReservableWorker[];
  /** A lane whose turn does not come now, however many threads there are. */
  readonly isBarred: (state: LaneState) => boolean;
  /** How many other instances come before this one in keeping threads for the lane. */
  readonly othersBefore: (state: LaneState) => number;
}

export class Reservations {
  readonly #byWorker = new Map<ReservableWorker, LaneState>();
  /** The wide lanes that are next, since when. */
  #nextSince: ReadonlyMap<LaneState, number> = new Map();

  /** The wide lane that this worker keeps threads for. */
  of(worker: ReservableWorker): LaneState | null {
    return this.#byWorker.get(worker) ?? null;
  }

  /** The worker has asked for a job of its reserved lane: whatever came of it, the turn is over. */
  served(worker: ReservableWorker): void {
    this.#byWorker.delete(worker);
  }

  /**
   * Threads that other lanes may have on a worker with a reservation: what they hold and the wide
   * job fit side by side, so it starts at the latest when the jobs of its own lane have ended.
   */
  spare(worker: ReservableWorker, reserved: LaneState): number {
    return worker.threads - reserved.threads - worker.threadsBeside(reserved.lane.id);
  }

  /** Looks anew which wide lanes are next. It asks the database only if one of them has to wait. */
  async review({ db, lanes, workers, isBarred, othersBefore }: Review): Promise<void> {
    const waits = (state: LaneState) =>
      !isBarred(state) && !workers.some((each) => each.threadsFree >= state.threads);
    if (this.#byWorker.size === 0 && !lanes.wide().some(waits)) {
      this.#nextSince = new Map();
      return;
    }
    const states = lanes.contenders();
    for (const [id, state] of states) if (isBarred(state)) states.delete(id);
    const places = [...states.values()].map(({ lane, from }) => ({ lane: lane.id, from }));
    const heads = await readLaneHeads(db, places, HEADS);
    const next = this.#note(heads.flatMap((id) => states.get(id) ?? []));
    const isOurs = (state: LaneState) =>
      performance.now() - (next.get(state) ?? 0) >= othersBefore(state) * JOIN_EVERY_MS;
    this.#assign([...next.keys()].filter(isOurs), workers);
  }

  /** Up to the first one-thread lane, whose turn comes with the next thread anyway. */
  #note(order: readonly LaneState[]): ReadonlyMap<LaneState, number> {
    const narrow = order.findIndex(({ threads }) => threads === 1);
    const next = narrow === -1 ? order : order.slice(0, narrow);
    const now = performance.now();
    this.#nextSince = new Map(next.map((state) => [state, this.#nextSince.get(state) ?? now]));
    return this.#nextSince;
  }

  #assign(states: readonly LaneState[], workers: readonly ReservableWorker[]): void {
    const before = new Map(this.#byWorker);
    this.#byWorker.clear();
    const free = new Set(workers);
    for (const state of states) {
      const worker = bestOf(free, before, state);
      if (worker === null) continue;
      free.delete(worker);
      this.#byWorker.set(worker, state);
    }
  }
}

/** The one that has it already, or the one with most threads free. */
function bestOf(
  free: ReadonlySet<ReservableWorker>,
  before: ReadonlyMap<ReservableWorker, LaneState>,
  state: LaneState,
): ReservableWorker | null {
  const fitting = [...free].filter((worker) => worker.threads >= state.threads);
  const kept = fitting.find((worker) => before.get(worker) === state);
  const [emptiest = null] = fitting.toSorted((a, b) => b.threadsFree - a.threadsFree);
  return kept ?? emptiest;
}
