/** One subscriber's view of the stats: an iterator that holds the latest and nothing else. */
import { JOB_STATUSES } from "../domain/job.ts";
import type { StatsRecord } from "../domain/stats.ts";

export interface StatsStreamOptions {
  /** Between two values at least. */
  readonly intervalMs: number;
  /** Numbers that stand still are sent again after so long, if the interval is not longer. */
  readonly aliveMs: number;
  /** At the first `next`: nothing is read for a stream that nobody reads. */
  readonly onOpen: (stream: StatsStream) => void;
  /** The stream takes nothing further. Called once, and only after `onOpen`. */
  readonly onClose: (stream: StatsStream) => void;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<StatsRecord>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Written by hand, because the `return` of an async generator waits behind a pending `next`: here it
 * takes effect before it returns, and ends a pending `next` as done.
 */
export class StatsStream implements AsyncIterableIterator<StatsRecord> {
  readonly #options: StatsStreamOptions;
  #phase: "new" | "open" | "closed" = "new";
  #latest: StatsRecord | null = null;
  #told: { readonly stats: StatsRecord; readonly at: number } | null = null;
  #waiters: Waiter[] = [];
  #timer: NodeJS.Timeout | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(options: StatsStreamOptions) {
    this.#options = options;
  }

  /** The stats as they are now. */
  offer(stats: StatsRecord): void {
    if (this.#phase !== "open") return;
    this.#latest = stats;
    this.#tell();
  }

  /** Makes a pending `next`, or else the next one, reject. */
  fail(error: unknown): void {
    if (this.#phase === "closed") return;
    this.#failure = { error };
    this.#close();
  }

  next(): Promise<IteratorResult<StatsRecord>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (this.#phase === "new") {
        this.#phase = "open";
        this.#options.onOpen(this);
      }
      if (this.#phase === "closed") this.#release();
      else this.#tell();
    });
  }

  return(): Promise<IteratorResult<StatsRecord>> {
    this.#failure = null;
    this.#close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Hands the latest to who waits, if it is news and not too early. */
  #tell(): void {
    const stats = this.#latest;
    if (stats === null || this.#waiters.length === 0 || !this.#isNews(stats)) return;
    const told = this.#told;
    const pauseMs = told === null ? 0 : told.at + this.#options.intervalMs - performance.now();
    if (pauseMs > 0) this.#tellIn(pauseMs);
    else {
      this.#latest = null;
      this.#told = { stats, at: performance.now() };
      this.#waiters.shift()?.resolve({ value: stats, done: false });
    }
  }

  /** By then there may be newer numbers, and they count. */
  #tellIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#tell();
    }, Math.ceil(ms)).unref();
  }

  #isNews(stats: StatsRecord): boolean {
    if (this.#told === null || !isSame(stats, this.#told.stats)) return true;
    return performance.now() >= this.#told.at + this.#options.aliveMs;
  }

  #close(): void {
    const wasOpen = this.#phase === "open";
    this.#phase = "closed";
    this.#latest = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#release();
    if (wasOpen) this.#options.onClose(this);
  }

  #release(): void {
    const failure = this.#failure;
    for (const [index, { resolve, reject }] of this.#waiters.splice(0).entries()) {
      if (index > 0 || failure === null) resolve({ value: undefined, done: true });
      else {
        this.#failure = null;
        reject(failure.error);
      }
    }
  }
}

/** The moment of the reading alone is no change. */
function isSame(one: StatsRecord, other: StatsRecord): boolean {
  return (
    one.oldestPendingAtMs === other.oldestPendingAtMs &&
    JOB_STATUSES.every((status) => one.counts[status] === other.counts[status])
  );
}
