/** Natural batching of what must be written, whatever it takes: see the completer. */
import type { Logger } from "pino";
import { DatabaseError } from "../store/database.ts";
import { NaturalBatch } from "../store/natural-batch.ts";

export interface BatchWriterOptions<Item> {
  readonly name: string;
  readonly log: Logger;
  /** `again`: an earlier try of these items ended without an answer, and may have been committed. */
  readonly write: (batch: readonly Item[], again: boolean) => Promise<void>;
  /** Characters that the item adds to the statement. */
  readonly weigh: (item: Item) => number;
  /** The database refuses this item, alone. */
  readonly onRefused: (item: Item, error: unknown) => void;
}

const BATCH_MAX = 1_000;
/** A thousand results of 1 MiB each would be a message that no string can hold. */
const BATCH_CHARS_MAX = 8 * 1024 * 1024;
/** A second statement starts beside the first only when it is worth its round trip. */
const WORTH_A_SECOND = 100;
const PAUSE_MAX_MS = 2_000;

/**
 * A batch that the database refuses is halved until the bad item stands alone; one that gets no
 * answer is tried again until it gets one, since what it holds happened and must be recorded.
 */
export class BatchWriter<Item> {
  readonly #options: BatchWriterOptions<Item>;
  readonly #batches: NaturalBatch<Item>;
  /** Items in flight, or waiting to be tried again. */
  #writing = 0;
  #open = false;
  readonly #pauses = new Set<() => void>();

  constructor(options: BatchWriterOptions<Item>) {
    this.#options = options;
    this.#batches = new NaturalBatch({
      ...{ sizeMax: BATCH_MAX, weightMax: BATCH_CHARS_MAX, worthASecond: WORTH_A_SECOND },
      weigh: options.weigh,
      run: (batch) => this.#run(batch),
    });
    this.#batches.pause();
  }

  start(): void {
    this.#open = true;
    this.#batches.resume();
  }

  /** Ends all retries. Returns how many items stay unwritten. */
  stop(): number {
    this.#open = false;
    this.#batches.pause();
    const unwritten = this.#batches.waiting + this.#writing;
    for (const wake of this.#pauses) wake();
    this.#batches.clear();
    return unwritten;
  }

  /** Tries again now what waits for its next try. */
  hurry(): void {
    for (const wake of this.#pauses) wake();
  }

  /** Written from the end of this turn of the event loop on: jobs that end together go together. */
  add(item: Item): void {
    this.#batches.add(item);
  }

  /** Resolves when everything added so far is written, or given up by `stop`. */
  flush(): Promise<void> {
    return this.#batches.idle();
  }

  async #run(batch: readonly Item[]): Promise<void> {
    this.#writing += batch.length;
    try {
      await this.#writeAll(batch, false);
    } finally {
      this.#writing -= batch.length;
    }
  }

  async #writeAll(batch: readonly Item[], again: boolean): Promise<void> {
    let unanswered = again;
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
      try {
        return await this.#options.write(batch, unanswered);
      } catch (error) {
        if (isRefusal(error)) return this.#halve(batch, unanswered, error);
        unanswered = true;
        this.#options.log.error(
          { err: error, items: batch.length, pauseMs },
          `${this.#options.name} got no answer, trying again`,
        );
      }
      if (!this.#open) return;
      await this.#pause(pauseMs);
      if (!this.#open) return;
    }
  }

  async #halve(batch: readonly Item[], again: boolean, error: unknown): Promise<void> {
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) return this.#options.onRefused(only, error);
    const middle = Math.ceil(batch.length / 2);
    await this.#writeAll(batch.slice(0, middle), again);
    await this.#writeAll(batch.slice(middle), again);
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#pauses.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#pauses.add(wake);
    });
  }
}

/**
 * Refusals are about the data: class 22 (a value out of range or malformed), 23 (a constraint) and
 * 54 (too large). Everything else may pass: a read-only or full server, a missing connection.
 */
export function isRefusal(error: unknown): boolean {
  return error instanceof DatabaseError && /^(22|23|54)/.test(error.sqlState ?? "");
}
