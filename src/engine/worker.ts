/** A bounded set of threads inside this instance: runs jobs, and keeps a little read-ahead. */
import type { Logger } from "pino";
import type { Outcome } from "../domain/outcome.ts";
import type { Registry } from "../executors/registry.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import { Attempt, type AttemptHooks, type EndedRun } from "./attempt.ts";

export interface WorkerOptions {
  /** From 1, within the instance. */
  readonly number: number;
  readonly threads: number;
  readonly executors: Registry;
  readonly log: Logger;
  /** False while the jobs here may be somebody else's. */
  readonly mayStart: () => boolean;
  readonly readPayload: AttemptHooks["readPayload"];
  readonly readPayloadPieces: AttemptHooks["readPayloadPieces"];
  readonly runInThread: AttemptHooks["runInThread"];
  readonly onEnd: (run: EndedRun) => void;
  readonly onProgress: AttemptHooks["onProgress"];
  readonly onLog: AttemptHooks["onLog"];
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
  readonly #hooks: AttemptHooks;
  readonly #running = new Map<string, Attempt>();
  #unarmed: Attempt[] = [];
  #waiting: Waiting[] = [];
  /** Where the read-ahead begins in `#waiting`: shifting an array of thousands is slow. */
  #head = 0;
  #threadsInUse = 0;
  #threadsWaiting = 0;
  #whenEmpty: (() => void) | null = null;

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { log, readPayload, readPayloadPieces, runInThread, onProgress, onLog } = options;
    const given = { log, readPayload, readPayloadPieces, runInThread, onProgress, onLog };
    this.#hooks = { ...given, onEnd: (run) => this.#ended(run) };
    this.number = options.number;
    this.threads = options.threads;
  }

  /** Threads that neither run nor are promised to read-ahead; negative by the read-ahead. */
  get threadsFree(): number {
    return this.threads - this.#threadsInUse - this.#threadsWaiting;
  }

  /** Threads that jobs of other lanes than this one run on or are promised. */
  threadsBeside(lane: number): number {
    let threads = 0;
    const count = (job: ClaimedJob) => {
      if (job.lane.id !== lane) threads += job.threads;
    };
    for (const { job } of this.#running.values()) count(job);
    for (const { job } of this.#waiting.slice(this.#head)) count(job);
    return threads;
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

  /** Ends this claim of the job as CANCELLED, started or not. False if it is not here. */
  cancel(id: string, token: string, why: string): boolean {
    const attempt = this.#running.get(id);
    if (attempt?.job.token === token) {
      attempt.letGo({ kind: "CANCELLED" }, why);
      return true;
    }
    const waiting = this.#takeWaiting(id, token);
    if (waiting === null) return false;
    this.#endUnstarted(waiting, { kind: "CANCELLED" });
    this.#startWaiting();
    this.#options.onIdle();
    return true;
  }

  /** Drops one running job without a record: it was taken from this instance. */
  abandon({ id, token }: ClaimedJob, why: string): void {
    const attempt = this.#running.get(id);
    if (attempt?.job.token !== token) return;
    attempt.abandon(why);
    this.#free(attempt.job);
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
    while (
      next !== undefined &&
      next.job.threads <= this.threads - this.#threadsInUse &&
      this.#options.mayStart()
    ) {
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

  /** A job that expired while it waited here does not start: given back, it is left to the expirer. */
  #begin({ job, claimedAt }: Waiting): void {
    const waitedMs = performance.now() - claimedAt;
    if (job.expiresInMs !== null && waitedMs >= job.expiresInMs) {
      this.#endUnstarted({ job, claimedAt }, { kind: "RELEASED" });
      return;
    }
    const executor = this.#options.executors.get(job.lane.type);
    if (executor === undefined) throw new Error(`no executor runs ${job.lane.type}`);
    this.#threadsInUse += job.threads;
    const attempt = new Attempt(executor, job, claimedAt, this.#hooks);
    this.#running.set(job.id, attempt);
    this.#armSoon(attempt);
  }

  #armSoon(attempt: Attempt): void {
    this.#unarmed.push(attempt);
    if (this.#unarmed.length > 1) return;
    setImmediate(() => {
      const attempts = this.#unarmed;
      this.#unarmed = [];
      for (const each of attempts) each.arm();
    });
  }

  /** Out of the read-ahead; null if it is not there. */
  #takeWaiting(id: string, token: string): Waiting | null {
    const isIt = ({ job }: Waiting, index: number) =>
      index >= this.#head && job.id === id && job.token === token;
    const [waiting] = this.#waiting.splice(this.#placeOf(isIt), 1);
    if (waiting === undefined) return null;
    this.#threadsWaiting -= waiting.job.threads;
    return waiting;
  }

  /** Past the end if there is none: nothing is taken out there. */
  #placeOf(isIt: (waiting: Waiting, index: number) => boolean): number {
    const place = this.#waiting.findIndex(isIt);
    return place === -1 ? this.#waiting.length : place;
  }

  #endUnstarted({ job, claimedAt }: Waiting, outcome: Outcome): void {
    const startDelayMs = Math.floor(performance.now() - claimedAt);
    this.#options.onEnd({ job, outcome, startDelayMs, runMs: 0 });
  }

  #ended(run: EndedRun): void {
    this.#options.onEnd(run);
    this.#free(run.job);
  }

  #free(job: ClaimedJob): void {
    this.#running.delete(job.id);
    this.#threadsInUse -= job.threads;
    this.#startWaiting();
    if (this.#running.size === 0) this.#whenEmpty?.();
    this.#options.onIdle();
  }
}
