/** One subscriber's view of one job: an iterator with a bounded, conflating mailbox. */
import { isFinal } from "../domain/job.ts";
import type { JobRecord } from "../domain/job-record.ts";
import type { PolledSource } from "./polled-source.ts";

/** States that wait for a slow reader in order. One more, and only the latest stays. */
export const MAILBOX_MAX = 16;

export interface JobStreamHooks {
  /** At the first `next`: nothing is registered for a stream that nobody reads. */
  readonly onOpen: (stream: JobStream) => void;
  /** The stream takes no further states. Called once, and only after `onOpen`. */
  readonly onClose: (stream: JobStream) => void;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<JobRecord>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Yields states with strictly rising versions and ends after a final one, which is never dropped.
 *
 * Written by hand, because the `return` of an async generator waits behind a pending `next`: here it
 * takes effect before it returns, and ends a pending `next` as done.
 */
export class JobStream implements AsyncIterableIterator<JobRecord>, PolledSource<JobRecord> {
  readonly #hooks: JobStreamHooks;
  #phase: "new" | "open" | "closed" = "new";
  #mailbox: JobRecord[] = [];
  #waiters: Waiter[] = [];
  /** Of who polls. */
  #wake: (() => void) | null = null;
  #failure: { readonly error: unknown } | null = null;
  #lastVersion = Number.NEGATIVE_INFINITY;

  constructor(hooks: JobStreamHooks) {
    this.#hooks = hooks;
  }

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Hands `job` to the reader, unless it is not newer than what the reader got before. */
  offer(job: JobRecord): void {
    if (this.#phase !== "open" || job.version <= this.#lastVersion) return;
    this.#lastVersion = job.version;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter.resolve({ value: job, done: false });
    else {
      if (this.#mailbox.length >= MAILBOX_MAX) this.#mailbox = [];
      this.#mailbox.push(job);
      this.#wakeUp();
    }
    if (isFinal(job.status)) this.end();
  }

  /** Completes the stream after what waits in the mailbox. */
  end(): void {
    if (this.#close()) this.#releaseWaiters();
  }

  /** Drops what waits, and makes a pending `next`, or else the next one, reject. */
  fail(error: unknown): void {
    if (!this.#close()) return;
    this.#mailbox = [];
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#failure = { error };
    else waiter.reject(error);
    this.#releaseWaiters();
  }

  poll(wake: () => void): IteratorResult<JobRecord, undefined> | null {
    const step = this.#take();
    this.#wake = step === null ? wake : null;
    return step;
  }

  next(): Promise<IteratorResult<JobRecord>> {
    return new Promise((resolve, reject) => {
      const step = this.#take();
      if (step !== null) resolve(step);
      else this.#waiters.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<JobRecord>> {
    this.#mailbox = [];
    this.#failure = null;
    this.#close();
    this.#releaseWaiters();
    return Promise.resolve({ value: undefined, done: true });
  }

  throw(error: unknown): Promise<IteratorResult<JobRecord>> {
    void this.return();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** What is there for the reader. @throws what the stream failed with, once */
  #take(): IteratorResult<JobRecord, undefined> | null {
    if (this.#phase === "new") {
      this.#phase = "open";
      this.#hooks.onOpen(this);
    }
    const job = this.#mailbox.shift();
    if (job !== undefined) return { value: job, done: false };
    if (this.#failure !== null) {
      const { error } = this.#failure;
      this.#failure = null;
      throw error;
    }
    return this.#phase === "closed" ? { value: undefined, done: true } : null;
  }

  /** False if it was closed already. */
  #close(): boolean {
    if (this.#phase === "closed") return false;
    const wasOpen = this.#phase === "open";
    this.#phase = "closed";
    if (wasOpen) this.#hooks.onClose(this);
    return true;
  }

  #releaseWaiters(): void {
    for (const { resolve } of this.#waiters.splice(0)) resolve({ value: undefined, done: true });
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
