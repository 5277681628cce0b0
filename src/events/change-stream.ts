/** One subscriber's live list: an iterator of batches, at most ten a second. */
import { setTimeout as sleep } from "node:timers/promises";
import type { NetChange } from "../domain/job-change.ts";
import type { LogPosition } from "../domain/log-position.ts";
import { type ChangeFilter, type ListChange, tellChanges } from "./change-filter.ts";
import { ChangeMailbox } from "./change-mailbox.ts";
import type { LogSource } from "./log-source.ts";
import { replayChanges } from "./replay-changes.ts";
import { Signal } from "./signal.ts";

/** One live list. */
export interface ChangeListener {
  hear(change: NetChange): void;
  /** Changes may be missing from here on. */
  lose(): void;
  fail(error: unknown): void;
}

/** Where a list hears of changes. */
export interface ChangeSource {
  readonly source: LogSource;
  readonly position: LogPosition;
  join(listener: ChangeListener): Promise<void>;
  leave(listener: ChangeListener): void;
}

export interface ListMessage {
  readonly changes: readonly ListChange[];
  /** Everything before it is in this message or an earlier one. */
  readonly position: LogPosition;
  /** Changes are missing: read the list anew. What comes after this is complete again. */
  readonly resync: boolean;
}

export interface ChangeStreamOptions {
  readonly feed: ChangeSource;
  readonly filter: ChangeFilter;
  /** What the subscriber has seen; null: nothing, from now. */
  readonly after: LogPosition | null;
  /** It will be tried again. */
  readonly onFailedRead: (error: unknown) => void;
}

/** Jobs that may wait for a reader: at ten messages a second, 50,000 of them a second can change. */
const JOBS_MAX = 5_000;
const BATCH_MS = 100;
/** A list in which nothing happens hears of a new position now and then: an old one may not be kept. */
const POSITION_EVERY_MS = 15_000;
const RETRY_MS = 500;

/**
 * Written by hand, because the `return` of an async generator waits behind a pending `next`: here it
 * takes effect before it returns. A pending `next` then ends as done.
 */
export class ChangeStream implements AsyncIterableIterator<ListMessage>, ChangeListener {
  readonly #options: ChangeStreamOptions;
  readonly #mailbox = new ChangeMailbox(JOBS_MAX);
  readonly #news = new Signal();
  #phase: "new" | "open" | "closed" = "new";
  #failure: { readonly error: unknown } | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #toldAt = performance.now();

  constructor(options: ChangeStreamOptions) {
    this.#options = options;
  }

  hear(change: NetChange): void {
    const { filter } = this.#options;
    if (!filter.mayHold(change)) return;
    this.#mailbox.put(change);
    this.#news.raise();
  }

  lose(): void {
    this.#mailbox.overflow();
    this.#news.raise();
  }

  fail(error: unknown): void {
    if (this.#phase === "closed") return;
    this.#failure = { error };
    this.#close();
  }

  /** Rejects as the feed's `join` does, and with what `fail` was given. */
  next(): Promise<IteratorResult<ListMessage>> {
    const step = this.#turn.then(() => this.#step());
    this.#turn = step.catch(() => undefined);
    return step;
  }

  return(): Promise<IteratorResult<ListMessage>> {
    this.#close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get #isOpen(): boolean {
    return this.#phase === "open";
  }

  #close(): void {
    const wasOpen = this.#phase === "open";
    this.#phase = "closed";
    this.#mailbox.take();
    this.#news.raise();
    if (wasOpen) this.#options.feed.leave(this);
  }

  async #step(): Promise<IteratorResult<ListMessage>> {
    const message = this.#phase === "new" ? await this.#first() : await this.#following();
    if (message !== null) return { value: message, done: false };
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure.error;
    return { value: undefined, done: true };
  }

  /** Comes at once, without changes where nothing was missed. */
  async #first(): Promise<ListMessage | null> {
    const { feed, after } = this.#options;
    this.#phase = "open";
    try {
      await feed.join(this);
      if (after !== null && this.#isOpen) await this.#replay(after);
      return await this.#message();
    } catch (error) {
      this.fail(error);
      return null;
    }
  }

  async #replay(after: LogPosition): Promise<void> {
    const isComplete = await replayChanges(this.#options.feed.source, after, (change) => {
      this.hear({ ...change, since: change.version });
      return this.#isOpen && !this.#mailbox.hasOverflown;
    });
    if (!isComplete) this.#mailbox.overflow();
  }

  async #following(): Promise<ListMessage | null> {
    while (this.#isOpen) {
      await this.#news.within(this.#toldAt + POSITION_EVERY_MS - performance.now());
      const pauseMs = this.#toldAt + BATCH_MS - performance.now();
      if (pauseMs > 0) await sleep(pauseMs, undefined, { ref: false });
      const message = await this.#message().catch((error: unknown) => this.#later(error));
      if (message !== null && !this.#isIdle(message)) return message;
    }
    return null;
  }

  /** Null once the stream is closed. */
  async #message(): Promise<ListMessage | null> {
    if (!this.#isOpen) return null;
    const { feed, filter } = this.#options;
    // Taken in one turn: all that is before the position was in the mailbox.
    const { position } = feed;
    const changes = this.#mailbox.take();
    if (changes === null) return { changes: [], position, resync: true };
    try {
      return { changes: await tellChanges(filter, changes), position, resync: false };
    } catch (error) {
      for (const change of changes) this.#mailbox.put(change);
      throw error;
    }
  }

  /** The jobs could not be read: what is known of them waits. */
  async #later(error: unknown): Promise<null> {
    this.#options.onFailedRead(error);
    await sleep(RETRY_MS, undefined, { ref: false });
    this.#news.raise();
    return null;
  }

  /** Nothing to tell, and the position is no older than it may be. */
  #isIdle({ changes, resync }: ListMessage): boolean {
    const isDue = performance.now() >= this.#toldAt + POSITION_EVERY_MS;
    if (changes.length === 0 && !resync && !isDue) return true;
    this.#toldAt = performance.now();
    return false;
  }
}
