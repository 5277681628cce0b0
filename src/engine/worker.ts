/** A bounded set of threads inside this instance: runs jobs, and keeps a little read-ahead. */
import type { Logger } from "pino";
import type { Registry } from "../executors/registry.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import { Attempt, type EndedRun } from "./attempt.ts";

export interface WorkerOptions {
  /** From 1, within the instance. */
  readonly number: number;
  readonly threads: number;
  readonly executors: Registry;
  readonly log: Logger;
  readonly onEnd: (run: EndedRun) => void;
  /** Threads came free and nothing is read ahead for them. */
  readonly onIdle: () => void;
}

interface Waiting {
  readonly job: ClaimedJob;
  readonly claimedAt: number;
}

export class Worker {
  readonly number: number;
  readonly threads: number;
  readonly #options: WorkerOptions;
  readonly #running = new Map<string, Attempt>();
  #waiting: Waiting[] = [];
  /** Where the read-ahead begins in `#waiting`: shifting an array of thousands is slow. */
  #head = 0;
  #threadsInUse = 0;
  #threadsWaiting = 0;
  #whenEmpty: (() => void) | null = null;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.number = options.number;
    this.threads = options.threads;
  }

  /** Threads that neither run nor are promised to read-ahead; negative by the read-ahead. */
  get threadsFree(): number {
    return this.threads - this.#threadsInUse - this.#threadsWaiting;
  }

  get readAhead(): number {
    return this.#waiting.length - this.#head;
  }

  get running(): number {
    return this.#running.size;
  }

  /** A job that may have ended an instance is here. */
  get hasSuspect(): boolean {
    for (const { job } of this.#running.values()) if (job.lane.suspect) return true;
    return this.#waiting.slice(this.#head).some(({ job }) => job.lane.suspect);
  }

  /** Takes claimed jobs, in the order in which they shall start. */
  accept(jobs: readonly ClaimedJob[]): void {
    const claimedAt = performance.now();
    for (const job of jobs) {
      this.#waiting.push({ job, claimedAt });
      this.#threadsWaiting += job.threads;
    }
    this.#startWaiting();
  }

  /** Gives up what has not started, for the caller to release. */
  takeReadAhead(): ClaimedJob[] {
    const jobs = this.#waiting.slice(this.#head).map((waiting) => waiting.job);
    this.#waiting = [];
    this.#head = 0;
    this.#threadsWaiting = 0;
    return jobs;
  }

  /** How long the next of the read-ahead has waited for a thread; 0 without one. */
  get readAheadWaitMs(): number {
    const next = this.#waiting[this.#head];
    return next === undefined ? 0 : performance.now() - next.claimedAt;
  }

  /** Resolves when nothing runs any more. */
  async whenEmpty(): Promise<void> {
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
  }

  /** Ends what runs, unharmed: the attempts are not spent. */
  releaseRunning(why: string): void {
    for (const attempt of [...this.#running.values()]) attempt.letGo({ kind: "RELEASED" }, why);
  }

  /** Drops everything without a record: the jobs were taken from this instance. */
  abandonAll(why: string): number {
    const dropped = this.takeReadAhead().length + this.#running.size;
    for (const attempt of this.#running.values()) attempt.abandon(why);
    this.#running.clear();
    this.#threadsInUse = 0;
    this.#whenEmpty?.();
    return dropped;
  }

  #startWaiting(): void {
    let next = this.#waiting[this.#head];
    while (next !== undefined && next.job.threads <= this.threads - this.#threadsInUse) {
      this.#head += 1;
      this.#threadsWaiting -= next.job.threads;
      this.#begin(next);
      next = this.#waiting[this.#head];
    }
    if (this.#head > 512 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }

  /** A job that expired while it waited here does not start. */
  #begin({ job, claimedAt }: Waiting): void {
    const waitedMs = performance.now() - claimedAt;
    if (job.expiresInMs !== null && waitedMs >= job.expiresInMs) {
      this.#options.onEnd({
        job,
        outcome: { kind: "CANCELLED" },
        startDelayMs: waitedMs,
        runMs: 0,
      });
      return;
    }
    const executor = this.#options.executors.get(job.lane.type);
    if (executor === undefined) throw new Error(`no executor runs ${job.lane.type}`);
    this.#threadsInUse += job.threads;
    const { log } = this.#options;
    const attempt = new Attempt(executor, job, claimedAt, log, (run) => this.#ended(run));
    this.#running.set(job.id, attempt);
  }

  #ended(run: EndedRun): void {
    this.#running.delete(run.job.id);
    this.#threadsInUse -= run.job.threads;
    this.#options.onEnd(run);
    this.#startWaiting();
    if (this.#running.size === 0) this.#whenEmpty?.();
    this.#options.onIdle();
  }
}
