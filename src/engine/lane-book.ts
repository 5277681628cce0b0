/** What the scheduler knows of each lane: whom it may run on, and where its ready rows begin. */
import type { Registry } from "../executors/registry.ts";
import { type ClaimedJob, LANE_START, type LanePlace } from "../store/claim-jobs.ts";
import type { Lane, LaneCatalog } from "../store/lane-catalog.ts";

export interface LaneState {
  readonly lane: Lane;
  /** Threads granted to each of its jobs here. */
  readonly threads: number;
  /** May have ready jobs: told by a wake-up or the poll, denied by an empty claim. */
  mayHaveJobs: boolean;
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
}

export class LaneBook {
  readonly #options: LaneBookOptions;
  readonly #states = new Map<number, LaneState>();

  constructor(options: LaneBookOptions) {
    this.#options = options;
  }

  /** Reads new lanes and forgets what was known of places: the poll, every two seconds. */
  async refresh(): Promise<void> {
    await this.#options.lanes.load();
    for (const lane of this.#options.lanes.all()) this.#learn(lane);
    for (const state of this.#states.values()) reset(state);
  }

  /** Jobs were made ready in these lanes. False where one is not known here yet: then refresh. */
  wake(laneIds: readonly number[]): boolean {
    let known = true;
    for (const id of laneIds) {
      const lane = this.#options.lanes.get(id);
      if (lane === undefined) known = false;
      else this.#learn(lane);
      const state = this.#states.get(id);
      if (state !== undefined) reset(state);
    }
    return known;
  }

  /** Lanes that may have jobs for a worker with this many threads free. */
  servable(threadsFree: number): LaneState[] {
    return [...this.#states.values()].filter(
      (state) => state.mayHaveJobs && state.threads <= threadsFree,
    );
  }

  /** Lanes of wide jobs (more than one thread each) that may have some. */
  wide(): LaneState[] {
    return [...this.#states.values()].filter((state) => state.mayHaveJobs && state.threads > 1);
  }

  /** Notes how far a claim got. */
  claimed(asked: readonly AskedLane[], jobs: readonly ClaimedJob[], exhausted: boolean): void {
    const last = new Map<number, ClaimedJob>();
    for (const job of jobs) last.set(job.lane.id, job);
    for (const { state, wakes } of asked) {
      // A wake-up came meanwhile: it may concern rows before the place that this claim reached.
      if (state.wakes !== wakes) continue;
      if (exhausted) state.mayHaveJobs = false;
      const job = last.get(state.lane.id);
      if (job !== undefined) {
        state.from = { negPriority: 0 - job.priority, atMs: job.scheduledAtMs };
      }
    }
  }

  #learn(lane: Lane): void {
    const { executors, queues, threadsMax } = this.#options;
    if (this.#states.has(lane.id)) return;
    const executor = executors.get(lane.type);
    if (executor === undefined || (queues !== null && !queues.includes(lane.queue))) return;
    // A job that asks for more than any worker has runs on one thread rather than never.
    const granted = executor.parallelizable && lane.threads <= threadsMax ? lane.threads : 1;
    const state = { lane, threads: granted, mayHaveJobs: true, wakes: 0, from: LANE_START };
    this.#states.set(lane.id, state);
  }
}

export interface AskedLane {
  readonly state: LaneState;
  /** `state.wakes` when the claim was sent. */
  readonly wakes: number;
}

function reset(state: LaneState): void {
  state.mayHaveJobs = true;
  state.wakes += 1;
  state.from = LANE_START;
}
