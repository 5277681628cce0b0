/**
 * The loop that claims ready jobs for this instance and hands them to its workers.
 *
 * Woken by a local submit, the bus, freed threads; the poll is the floor. At most two claims are in
 * flight: what is freed meanwhile makes the next one larger, without a timer. Each claim is for one
 * worker, so that the row says from the start who runs the job.
 */
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { LanePlace } from "../domain/lane-place.ts";
import type { Bus } from "../events/bus.ts";
import { type ClaimedJob, type ClaimLane, claimJobs } from "../store/claim-jobs.ts";
import type { Database } from "../store/database.ts";
import type { Lane } from "../store/lane-catalog.ts";
import type { Seat } from "../store/start-jobs.ts";
import type { ClaimLedger } from "./claim-ledger.ts";
import { failPoint } from "./fail-points.ts";
import { claimedEvent } from "./job-events.ts";
import type { AskedLane, LaneBook, LaneState } from "./lane-book.ts";
import type { Membership } from "./membership.ts";
import { PacedLoop } from "./paced-loop.ts";
import type { ReadAhead } from "./read-ahead.ts";
import { Reservations } from "./reservations.ts";
import { Seating } from "./seating.ts";
import type { Service } from "./service.ts";
import { type ClaimKind, Suspects } from "./suspects.ts";
import type { Worker } from "./worker.ts";

export interface SchedulerOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Logger;
  readonly membership: Membership;
  readonly workers: readonly Worker[];
  readonly lanes: LaneBook;
  readonly readAhead: ReadAhead;
  readonly ledger: ClaimLedger;
  readonly pollIntervalMs: number;
  /** Jobs that were claimed but must not start: the instance stopped or lost them meanwhile. */
  readonly onUnwanted: (jobs: readonly ClaimedJob[]) => void;
}

/** Rows a claim takes at most. */
export const CLAIM_BATCH_MAX = 1_000;
const CLAIMS_IN_FLIGHT_MAX = 2;
/** How long a wide job that is next may be overtaken before a worker is kept for it. */
const REVIEW_EVERY_MS = 250;

export class Scheduler implements Service {
  readonly #options: SchedulerOptions;
  readonly #poll: PacedLoop;
  readonly #reservations = new Reservations();
  readonly #review: PacedLoop;
  readonly #suspects: Suspects;
  readonly #seating: Seating;
  readonly #inFlight = new Set<Promise<void>>();
  /** Threads that the claims in flight may bring jobs for, by worker. */
  readonly #asked = new Map<Worker, number>();
  #running = false;
  #scheduled = false;
  #stopListening: (() => void) | null = null;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#suspects = new Suspects(options.lanes, options.workers);
    this.#seating = new Seating({
      ...options,
      reservations: this.#reservations,
      asked: this.#asked,
      onStart: (worker, job, instance) => this.#handOver(worker, [job], instance),
      onFree: () => this.nudge(),
    });
    this.#poll = new PacedLoop({
      name: "scheduler poll",
      log: options.log,
      floorMs: options.pollIntervalMs,
      act: async () => {
        await options.lanes.refresh(options.db);
        this.nudge();
        return null;
      },
    });
    this.#review = new PacedLoop({
      name: "scheduler review",
      log: options.log,
      floorMs: Math.min(REVIEW_EVERY_MS, options.pollIntervalMs),
      act: async () => {
        const { db, lanes, workers, membership } = options;
        // The suspect that runs here may take an hour: threads are not kept for the next one until then.
        const isBarred = ({ lane }: LaneState) => lane.suspect && this.#suspects.isHere;
        const othersBefore = (state: LaneState) => lanes.othersBefore(state, membership.id);
        await this.#reservations.review({ db, lanes, workers, isBarred, othersBefore });
        this.nudge();
        return null;
      },
    });
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const { bus, log, pollIntervalMs } = this.#options;
    this.#stopListening = bus.onWake(({ lanes, from }) => {
      if (lanes !== undefined) this.#wake(lanes, from);
    });
    await this.#poll.start();
    await this.#review.start();
    log.info({ pollIntervalMs, batch: CLAIM_BATCH_MAX }, "scheduler started");
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#stopListening?.();
    await this.#poll.stop();
    await this.#review.stop();
    await Promise.all(this.#inFlight);
  }

  /** Looks for work soon: once a turn of the event loop, however many threads came free in it. */
  nudge(): void {
    if (this.#scheduled || !this.#running) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#claimMore();
    });
  }

  /** Threads for a job of this lane that is being submitted here; null where it has to wait. */
  seat(lane: Lane): Seat | null {
    return this.#running ? this.#seating.seat(lane) : null;
  }

  #wake(lanes: readonly number[], from?: LanePlace): void {
    if (!this.#running) return;
    if (this.#options.lanes.wake(lanes, from)) this.#claimMore();
    else this.#poll.wake();
  }

  #claimMore(): void {
    while (this.#running && this.#inFlight.size < CLAIMS_IN_FLIGHT_MAX) {
      const claim = this.#nextClaim();
      if (claim === null) return;
      const done: Promise<void> = this.#claim(claim).finally(() => {
        this.#inFlight.delete(done);
        this.nudge();
      });
      this.#inFlight.add(done);
    }
  }

  /** The worker that needs jobs most, and the lanes it can serve; null if none needs any. */
  #nextClaim(): PlannedClaim | null {
    const { workers, membership } = this.#options;
    if (!membership.alive) return null;
    const suspect = this.#planSuspect();
    if (suspect !== null && !this.#suspects.yields) return suspect;
    const plans = workers.map((worker) => this.#plan(worker)).filter((plan) => plan !== null);
    const ordinary = plans.reduce<PlannedClaim | null>((best, plan) => {
      // One job against hundreds: by size, a reserved worker would never have its turn.
      if (best === null || plan.isReserved) return plan;
      return !best.isReserved && plan.limit > best.limit ? plan : best;
    }, null);
    return ordinary ?? suspect;
  }

  #planSuspect(): PlannedClaim | null {
    for (const worker of this.#options.workers) {
      if (this.#reservations.of(worker) !== null) continue;
      const states = this.#suspects.servable(worker.threadsFree - (this.#asked.get(worker) ?? 0));
      if (states.length === 0) continue;
      return { worker, states, limit: 1, kind: "suspect", isReserved: false };
    }
    return null;
  }

  #plan(worker: Worker): PlannedClaim | null {
    const asked = this.#asked.get(worker) ?? 0;
    const threadsFree = worker.threadsFree - asked;
    const reserved = this.#reservations.of(worker);
    if (reserved !== null) return this.#planReserved(worker, reserved, asked);
    const states = threadsFree > 0 ? this.#options.lanes.servable(threadsFree) : [];
    const ahead = this.#planAhead(worker, asked, threadsFree);
    if (states.length === 0) return ahead;
    // With one kind of fast job only, threads and read-ahead are filled by one statement.
    if (ahead !== null && ahead.states.length === states.length) return ahead;
    return planOf(worker, states, threadsFree);
  }

  /** One job of the reserved lane as soon as it fits; until then, what does not hold it up. */
  #planReserved(worker: Worker, reserved: LaneState, asked: number): PlannedClaim | null {
    const threadsFree = worker.threadsFree - asked;
    const { suspect } = reserved.lane;
    if (threadsFree >= reserved.threads && (!suspect || this.#suspects.mayTake(reserved))) {
      const kind = suspect ? "suspect" : "ordinary";
      return { worker, states: [reserved], limit: 1, kind, isReserved: true };
    }
    const spare = Math.min(threadsFree, this.#reservations.spare(worker, reserved) - asked);
    const states = spare > 0 ? this.#options.lanes.servable(spare) : [];
    return states.length === 0 ? null : planOf(worker, states, spare);
  }

  /** Read-ahead of fast one-thread jobs; only when a good part of it is used up. */
  #planAhead(worker: Worker, asked: number, threadsFree: number): PlannedClaim | null {
    const { lanes, readAhead } = this.#options;
    if (this.#suspects.isQuiet) return null;
    const states: LaneState[] = [];
    let target = 0;
    for (const state of lanes.servable(1)) {
      const jobs = readAhead.jobsAhead(state.lane.type, worker.threads);
      if (jobs === 0) continue;
      states.push(state);
      target = target === 0 ? jobs : Math.min(target, jobs);
    }
    const room = target - worker.readAhead - asked + Math.max(0, threadsFree);
    if (states.length === 0 || room < Math.min(CLAIM_BATCH_MAX, Math.ceil(target / 2))) return null;
    const size = Math.min(room, CLAIM_BATCH_MAX);
    return { worker, states, limit: size, kind: "ahead", isReserved: false };
  }

  async #claim({ worker, states, limit, kind, isReserved }: PlannedClaim): Promise<void> {
    const { db, membership, lanes, ledger, log } = this.#options;
    const instance = membership.id;
    const asked: AskedLane[] = states.map((state) => ({ state, wakes: state.wakes }));
    const request: ClaimLane[] = states.map(({ lane, threads, from }) => ({ lane, threads, from }));
    const token = randomUUID();
    const threads = limit * widestOf(states);
    this.#asked.set(worker, (this.#asked.get(worker) ?? 0) + threads);
    this.#suspects.claimBegins(kind);
    let claimed = 0;
    try {
      const number = worker.number;
      const claim = { lanes: request, limit, instance, worker: number, token };
      const { jobs, exhausted } = await claimJobs(db, claim);
      if (jobs.length > 0) failPoint("after-claim-commit");
      lanes.claimed(asked, jobs, exhausted);
      claimed = jobs.length;
      this.#handOver(worker, jobs, instance);
    } catch (error) {
      // It may have been committed all the same: the reconciler finds what it took.
      log.error({ err: error }, "claim failed");
      ledger.noAnswer(token);
      lanes.rest(asked);
    } finally {
      if (isReserved) this.#endReservation(worker);
      this.#asked.set(worker, (this.#asked.get(worker) ?? 0) - threads);
      this.#suspects.claimEnds(kind, worker, claimed);
    }
  }

  /** The next of its lane may be next again: looked at right away. */
  #endReservation(worker: Worker): void {
    this.#reservations.served(worker);
    this.#review.wake();
  }

  #handOver(worker: Worker, jobs: readonly ClaimedJob[], instance: number): void {
    const { bus, membership, ledger, onUnwanted } = this.#options;
    const events = jobs.filter((job) => bus.isWatched(job.id)).map(claimedEvent);
    if (events.length > 0) bus.publish(events);
    if (membership.id !== instance || !membership.alive) {
      for (const { token } of jobs) ledger.noAnswer(token);
      return;
    }
    ledger.add(jobs);
    if (this.#running) worker.accept(jobs);
    else onUnwanted(jobs);
  }
}

function widestOf(states: readonly LaneState[]): number {
  return states.reduce((widest, { threads }) => Math.max(widest, threads), 1);
}

function planOf(worker: Worker, states: readonly LaneState[], threads: number): PlannedClaim {
  const limit = Math.min(Math.floor(threads / widestOf(states)), CLAIM_BATCH_MAX);
  return { worker, states, limit, kind: "ordinary", isReserved: false };
}

interface PlannedClaim {
  readonly worker: Worker;
  readonly states: readonly LaneState[];
  readonly limit: number;
  /** For the lane that the worker is reserved for. */
  readonly isReserved: boolean;
  readonly kind: ClaimKind;
}
