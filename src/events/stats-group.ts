/** All streams of one instance that want the same stats: one reading for all of them. */
import type { StatsRecord } from "../domain/stats.ts";
import type { StatsStream } from "./stats-stream.ts";

export interface StatsGroupOptions {
  /** From the begin of one reading to the begin of the next; sooner only when somebody joins. */
  readonly intervalMs: number;
  /** Null: it failed, and is to be tried again soon. */
  readonly read: () => Promise<StatsRecord | null>;
}

/** After a reading that failed; twice as long at most, so that a fleet does not come in step. */
const RETRY_MS = 500;

export class StatsGroup {
  readonly #options: StatsGroupOptions;
  readonly #streams = new Set<StatsStream>();
  #round: Promise<void> | null = null;
  #again = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: StatsGroupOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  /** It is offered the stats as they are after this call. */
  join(stream: StatsStream): void {
    this.#streams.add(stream);
    if (this.#round === null) this.#begin();
    else this.#again = true;
  }

  /** Nothing is read once nobody is left. */
  leave(stream: StatsStream): void {
    this.#streams.delete(stream);
    if (this.isEmpty) this.#clearTimer();
  }

  /** Resolves when no reading is under way. */
  async settle(): Promise<void> {
    while (this.#round !== null) await this.#round;
  }

  #begin(): void {
    this.#clearTimer();
    this.#again = false;
    this.#round = this.#runRound().finally(() => {
      this.#round = null;
      if (this.isEmpty) this.#clearTimer();
      else if (this.#again) this.#begin();
    });
  }

  async #runRound(): Promise<void> {
    // Who joins in this turn shares the reading; who joins later must not get what is older than that.
    await new Promise((resolve) => setImmediate(resolve));
    this.#again = false;
    const beganAt = performance.now();
    const streams = [...this.#streams];
    const stats = this.isEmpty ? null : await this.#options.read();
    if (stats !== null) for (const stream of streams) stream.offer(stats);
    const { intervalMs } = this.#options;
    const untilNext = Math.max(0, beganAt + intervalMs - performance.now());
    this.#timer = setTimeout(
      () => this.#begin(),
      stats === null ? RETRY_MS * (1 + Math.random()) : untilNext,
    ).unref();
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
