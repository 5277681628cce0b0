/** One subscriber's view of the stats: an iterator that holds the latest and nothing else. */
import { JOB_STATUSES } from "../domain/job.ts";
import type { StatsRecord } from "../domain/stats.ts";
import { LiveStream } from "./live-stream.ts";

export interface StatsStreamOptions {
  /** Between two values at least. */
  readonly intervalMs: number;
  /** Numbers that stand still are sent again after so long, if the interval is not longer. */
  readonly aliveMs: number;
  readonly onOpen: (stream: StatsStream) => void;
  /** Called once, and only after `onOpen`. */
  readonly onClose: (stream: StatsStream) => void;
}

export class StatsStream extends LiveStream<StatsRecord> {
  readonly #options: StatsStreamOptions;
  #latest: StatsRecord | null = null;
  #told: { readonly stats: StatsRecord; readonly at: number } | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: StatsStreamOptions) {
    super();
    this.#options = options;
  }

  /** The stats as they are now. */
  offer(stats: StatsRecord): void {
    if (!this.isOpen) return;
    this.#latest = stats;
    this.tell();
  }

  protected override opened(): void {
    this.#options.onOpen(this);
  }

  protected override closed(): void {
    this.drop();
    this.#options.onClose(this);
  }

  /** The latest, if it is news and not too early. */
  protected override take(): StatsRecord | null {
    const stats = this.#latest;
    if (stats === null || !this.#isNews(stats)) return null;
    const told = this.#told;
    const pauseMs = told === null ? 0 : told.at + this.#options.intervalMs - performance.now();
    if (pauseMs > 0) {
      this.#tellIn(pauseMs);
      return null;
    }
    this.#latest = null;
    this.#told = { stats, at: performance.now() };
    return stats;
  }

  protected override drop(): void {
    this.#latest = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** By then there may be newer numbers, and they count. */
  #tellIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.tell();
    }, Math.ceil(ms)).unref();
  }

  #isNews(stats: StatsRecord): boolean {
    if (this.#told === null || !isSame(stats, this.#told.stats)) return true;
    return performance.now() >= this.#told.at + this.#options.aliveMs;
  }
}

/** The moment of the reading alone is no change. */
function isSame(one: StatsRecord, other: StatsRecord): boolean {
  return (
    one.oldestPendingAtMs === other.oldestPendingAtMs &&
    JOB_STATUSES.every((status) => one.counts[status] === other.counts[status])
  );
}
