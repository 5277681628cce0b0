/** What the scheduler knows of each lane: whom it may run on, and where its ready rows begin. */
import { firstOf, LANE_START, type LanePlace } from "../domain/lane-place.ts";
import type { Registry } from "../executors/registry.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { Database } from "../store/database.ts";
import type { Lane, LaneCatalog } from "../store/lane-catalog.ts";
import { readReadyLanes } from "../store/read-ready-lanes.ts";
import type { Fleet } from "./fleet.ts";

export interface LaneState {
  readonly lane: Lane;
  /** Threads granted to each of its jobs, as the fleet is now. */
  threads: number;
  /** Rises with every wake-up: a claim that was under way may have missed it. */
  wakes: number;
  from: LanePlace;
}

export interface LaneBookOptions {
  readonly lanes: LaneCatalog;
  readonly executors: Registry;
  /** Queues that this instance serves; null for all. */
  readonly queues: readonly string[] | null;
  /** Threads of the largest worker here. */
  readonly threadsMax: number;
  readonly fleet: Fleet;
}

/** Lanes that one claim may ask for: each costs a look, and there may be as many as queue names. */
const LANES_A_CLAIM = 200;
/** Lanes that a poll takes note of; the next poll goes on behind them. */
const LANES_A_POLL = 5_000;
/** Lanes among which the next wide one is looked for. */
const CONTENDERS_MAX = 1_000;

export class LaneBook {
  readonly #options: LaneBookOptions;
  readonly #states = new Map<number, LaneState>();
  /** Those that may have ready jobs, those asked longest ago first. */
  readonly #active = new Set<LaneState>();
  /** The same of suspects' lanes. */
  readonly #suspects = new Set<LaneState>();
  /** The lane after which the next poll begins. */
  #polledTo = 0;

  constructor(options: LaneBookOptions) {
    this.#options = options;
  }

  /**
   * Reads new lanes, who is in the fleet, and which lanes have ready jobs, wherever they begin: the
   * poll, every two seconds.
   */
  async refresh(db: Database): Promise<void> {
    const { lanes, fleet } = this.#options;
    await lanes.load();
    if (await fleet.refresh(db)) this.#grantAnew();
    const ready = await readReadyLanes(db, LANES_A_POLL, this.#polledTo);
    this.#polledTo = ready.length < LANES_A_POLL ? 0 : (ready.at(-1) ?? 0);
    this.wake(ready);
  }

  /**
   * Jobs were made ready in these lanes.
   *
   * @param from no job before this place was: a claim that begins at the lane's start walks over all
   * that is dead and may not be vacuumed yet, which took 60 ms after 200,000 jobs under an old snapshot
   * @returns false where a lane is not known here yet: then refresh
   */
  wake(laneIds: readonly number[], from = LANE_START): boolean {
    let known = true;
    for (const id of laneIds) {
      const lane = this.#options.lanes.get(id);
      if (lane === undefined) known = false;
      const state = this.#states.get(id) ?? (lane === undefined ? null : this.#learn(lane));
      if (state === null) continue;
      state.wakes += 1;
      state.from = firstOf(state.from, from);
      if (state.threads <= this.#options.threadsMax) this.#activeOf(state).add(state);
    }
    return known;
  }

  /**
   * Lanes that may have jobs for a worker with this many threads free; some of them, if many. Those of
   * suspects are apart.
   */
  servable(threadsFree: number): LaneState[] {
    return fitting(this.#active, threadsFree);
  }

  /** Lanes of suspects that may have jobs for such a worker. */
  servableSuspects(threadsFree: number): LaneState[] {
    return fitting(this.#suspects, threadsFree);
  }

  /** As far as is known here, no job waits that this instance serves. */
  get isIdle(): boolean {
    return this.#active.size === 0 && this.#suspects.size === 0;
  }

  /** Null for a lane that this instance does not serve. */
  stateOf(lane: Lane): LaneState | null {
    return this.#states.get(lane.id) ?? this.#learn(lane);
  }

  /** Live instances with a lower number than `instance` that could run this lane's jobs, too. */
  othersBefore({ lane, threads }: LaneState, instance: number): number {
    return this.#options.fleet.countBefore(instance, lane, threads);
  }

  get hasSuspects(): boolean {
    return this.#suspects.size > 0;
  }

  /** Lanes of wide jobs (more than one thread each) that may have some. */
  wide(): LaneState[] {
    return [...this.#active, ...this.#suspects].filter((state) => state.threads > 1);
  }

  /** Lanes that compete for the next threads here, by number: some of them, if many. */
  contenders(): Map<number, LaneState> {
    const found = new Map<number, LaneState>();
    for (const states of [this.wide(), this.#active]) {
      for (const state of states) {
        if (found.size === CONTENDERS_MAX) return found;
        found.set(state.lane.id, state);
      }
    }
    return found;
  }

  /** Notes how far a claim got. */
  claimed(asked: readonly AskedLane[], jobs: readonly ClaimedJob[], exhausted: boolean): void {
    const last = new Map<number, ClaimedJob>();
    for (const job of jobs) last.set(job.lane.id, job);
    for (const { state, wakes } of asked) {
      // Asked lanes go to the end, so that all have their turn where there are many.
      const active = this.#activeOf(state);
      const wasActive = active.delete(state);
      // A wake-up came meanwhile: it may concern rows before the place that this claim reached.
      if (wasActive && (!exhausted || state.wakes !== wakes)) active.add(state);
      const job = last.get(state.lane.id);
      if (job !== undefined && state.wakes === wakes) {
        state.from = { rank: job.rank, atMs: job.scheduledAtMs };
      }
    }
  }

  /** A claim failed: nothing is known of these lanes before the next poll or wake-up. */
  rest(asked: readonly AskedLane[]): void {
    for (const { state } of asked) this.#activeOf(state).delete(state);
  }

  #activeOf(state: LaneState): Set<LaneState> {
    return state.lane.suspect ? this.#suspects : this.#active;
  }

  /** Null for a lane that this instance does not serve. */
  #learn(lane: Lane): LaneState | null {
    const { executors, queues } = this.#options;
    const executor = executors.get(lane.type);
    if (executor === undefined || (queues !== null && !queues.includes(lane.queue))) return null;
    const state = { lane, threads: this.#threadsFor(lane), wakes: 0, from: LANE_START };
    this.#states.set(lane.id, state);
    return state;
  }

  /** The fleet is another one: what runs keeps its threads, what is claimed from now on may not. */
  #grantAnew(): void {
    for (const state of this.#states.values()) {
      state.threads = this.#threadsFor(state.lane);
      if (state.threads > this.#options.threadsMax) this.#activeOf(state).delete(state);
    }
  }

  /**
   * A job that asks for more than any live worker has runs on one thread rather than never; while
   * there is a worker elsewhere that can give them, it is left to that one.
   */
  #threadsFor(lane: Lane): number {
    const { executors, threadsMax, fleet } = this.#options;
    if (executors.get(lane.type)?.parallelizable !== true) return 1;
    if (lane.threads <= threadsMax) return lane.threads;
    const most = fleet.threadsMax(lane);
    return most !== null && most < lane.threads ? 1 : lane.threads;
  }
}

function fitting(states: Iterable<LaneState>, threadsFree: number): LaneState[] {
  const found: LaneState[] = [];
  for (const state of states) {
    if (state.threads > threadsFree) continue;
    found.push(state);
    if (found.length === LANES_A_CLAIM) break;
  }
  return found;
}

export interface AskedLane {
  readonly state: LaneState;
  /** `state.wakes` when the claim was sent. */
  readonly wakes: number;
}
