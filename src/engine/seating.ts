/**
 * Gives threads to jobs that are being submitted on this instance, so that they start with their own
 * commit: without a backlog, the claim's own commit is a second wait for the disk.
 */
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { Lane } from "../store/lane-catalog.ts";
import type { Seat } from "../store/start-jobs.ts";
import type { ClaimLedger } from "./claim-ledger.ts";
import type { LaneBook } from "./lane-book.ts";
import type { Membership } from "./membership.ts";
import type { Reservations } from "./reservations.ts";
import type { Worker } from "./worker.ts";

export interface SeatingOptions {
  readonly lanes: LaneBook;
  readonly workers: readonly Worker[];
  readonly membership: Membership;
  readonly ledger: ClaimLedger;
  readonly reservations: Reservations;
  /** Threads that claims in flight may bring jobs for, by worker. */
  readonly asked: Map<Worker, number>;
  readonly onStart: (worker: Worker, job: ClaimedJob, instance: number) => void;
  /** Threads came free. */
  readonly onFree: () => void;
}

export class Seating {
  readonly #options: SeatingOptions;

  constructor(options: SeatingOptions) {
    this.#options = options;
  }

  /** Null where jobs wait that may come before it, or no worker has the threads. */
  seat(lane: Lane): Seat | null {
    const { lanes, membership, workers } = this.#options;
    if (!membership.alive || !lanes.isIdle) return null;
    const threads = lanes.stateOf(lane)?.threads ?? Number.POSITIVE_INFINITY;
    const worker = workers.find((each) => this.#threadsFor(each) >= threads);
    return worker === undefined ? null : this.#take(worker, threads);
  }

  #threadsFor(worker: Worker): number {
    const { reservations, asked } = this.#options;
    return reservations.of(worker) === null ? worker.threadsFree - (asked.get(worker) ?? 0) : 0;
  }

  #take(worker: Worker, threads: number): Seat {
    const { membership, ledger, onStart, onFree } = this.#options;
    const instance = membership.id;
    this.#ask(worker, threads);
    return {
      place: { instance, worker: worker.number, threads },
      start: (job) => {
        this.#ask(worker, -threads);
        onStart(worker, job, instance);
      },
      release: () => {
        this.#ask(worker, -threads);
        onFree();
      },
      abandon: (token) => {
        this.#ask(worker, -threads);
        ledger.noAnswer(token);
        onFree();
      },
    };
  }

  #ask(worker: Worker, threads: number): void {
    const { asked } = this.#options;
    asked.set(worker, (asked.get(worker) ?? 0) + threads);
  }
}
