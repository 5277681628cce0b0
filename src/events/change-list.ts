/**
 * One live list of an instance, for all who watch it: it hears of the changes, reads the jobs and makes
 * each message once, at most ten a second, and its members are told the same object.
 *
 * Whoever comes is a newcomer at first, who hears each change itself while it reads what it missed, and
 * becomes a member with its first message: what is heard before that is its own affair, what is heard
 * after it the list's. It never gets a message that was begun before, whose changes it has heard or read
 * of; what waits for the next one then may be told to it twice.
 */
import type { NetChange } from "../domain/job-change.ts";
import type { LogPosition } from "../domain/log-position.ts";
import { type ChangeFilter, tellChanges } from "./change-filter.ts";
import { ChangeMailbox } from "./change-mailbox.ts";
import type { ListMessage } from "./list-message.ts";
import type { Replays } from "./replay-changes.ts";
import { Signal } from "./signal.ts";

export interface ChangeListener {
  hear(change: NetChange): void;
  /** Changes may be missing from here on. */
  lose(): void;
  fail(error: unknown): void;
}

/** Where a list hears of changes. */
export interface ChangeSource {
  readonly replays: Replays;
  readonly position: LogPosition;
  join(listener: ChangeListener): Promise<void>;
  leave(listener: ChangeListener): void;
}

/** Hears changes as a newcomer, and takes messages as a member. */
export interface ListMember extends ChangeListener {
  offer(message: ListMessage): void;
}

export interface ChangeListOptions {
  readonly feed: ChangeSource;
  readonly filter: ChangeFilter;
  /** It will be tried again. */
  readonly onFailedRead: (error: unknown) => void;
  /** Nobody is left: whoever comes now needs another list. */
  readonly onClose: () => void;
}

/** Jobs that may wait to be told of: at ten messages a second, 50,000 of them a second can change. */
export const JOBS_MAX = 5_000;
const BATCH_MS = 100;
/** A list in which nothing happens hears of a new position now and then: an old one may not be kept. */
const POSITION_EVERY_MS = 15_000;
const RETRY_MS = 500;

export class ChangeList implements ChangeListener {
  readonly #options: ChangeListOptions;
  readonly #newcomers = new Set<ListMember>();
  readonly #members = new Set<ListMember>();
  readonly #mailbox = new ChangeMailbox(JOBS_MAX);
  readonly #news = new Signal();
  #joining: Promise<void> | null = null;
  #isClosed = false;
  /** The last batch, whether anything was told of it or not. */
  #endedAt = Number.NEGATIVE_INFINITY;
  #toldAt = performance.now();
  #greeting: ListMessage | null = null;

  constructor(options: ChangeListOptions) {
    this.#options = options;
  }

  get filter(): ChangeFilter {
    return this.#options.filter;
  }

  get replays(): Replays {
    return this.#options.feed.replays;
  }

  /** Resolves when the newcomer hears everything that is committed from then on. Rejects as the feed's. */
  enter(newcomer: ListMember): Promise<void> {
    this.#newcomers.add(newcomer);
    this.#joining ??= this.#join();
    return this.#joining;
  }

  /**
   * Makes a newcomer a member. Returns a message without changes, with the position up to which the
   * newcomer has heard everything.
   */
  admit(newcomer: ListMember): ListMessage {
    this.#newcomers.delete(newcomer);
    this.#members.add(newcomer);
    const { position } = this.#options.feed;
    // The same object for all who come between two reads of the log: so they share its execution.
    if (this.#greeting?.position !== position) {
      this.#greeting = { changes: [], position, resync: false };
    }
    return this.#greeting;
  }

  /** The last one closes the list. */
  leave(member: ListMember): void {
    this.#newcomers.delete(member);
    this.#members.delete(member);
    if (this.#isClosed || this.#newcomers.size + this.#members.size > 0) return;
    this.#isClosed = true;
    this.#news.raise();
    this.#options.feed.leave(this);
    this.#options.onClose();
  }

  hear(change: NetChange): void {
    if (!this.filter.mayHold(change)) return;
    for (const newcomer of this.#newcomers) newcomer.hear(change);
    // Who comes later has heard of it, or begins after it.
    if (this.#members.size === 0) return;
    this.#mailbox.put(change);
    this.#news.raise();
  }

  lose(): void {
    for (const newcomer of this.#newcomers) newcomer.lose();
    if (this.#members.size === 0) return;
    this.#mailbox.overflow();
    this.#news.raise();
  }

  fail(error: unknown): void {
    for (const member of [...this.#newcomers, ...this.#members]) member.fail(error);
  }

  async #join(): Promise<void> {
    await this.#options.feed.join(this);
    if (!this.#isClosed) void this.#run();
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#news.within(this.#toldAt + POSITION_EVERY_MS - performance.now());
      await pause(this.#endedAt + BATCH_MS - performance.now());
      if (this.#isClosed) return;
      await this.#tell();
      this.#endedAt = performance.now();
    }
  }

  /** Tells what has come since the last time, if it is anything to the list, or else where it is. */
  async #tell(): Promise<void> {
    // In one turn: for each of these members, all that is before the position is in the mailbox, or was
    // told to it before.
    const { position } = this.#options.feed;
    const members = [...this.#members];
    const message = await this.#nextMessage(position);
    if (message === null || this.#isIdle(message)) return;
    this.#toldAt = performance.now();
    for (const member of members) member.offer(message);
  }

  /** Null: the jobs could not be read, and what is known of them waits. */
  async #nextMessage(position: LogPosition): Promise<ListMessage | null> {
    const changes = this.#mailbox.take();
    if (changes === null) return { changes: [], position, resync: true };
    try {
      return { changes: await tellChanges(this.filter, changes), position, resync: false };
    } catch (error) {
      for (const change of changes) this.#mailbox.put(change);
      this.#options.onFailedRead(error);
      await pause(RETRY_MS);
      this.#news.raise();
      return null;
    }
  }

  /** Nothing to tell, and the position is no older than it may be. */
  #isIdle({ changes, resync }: ListMessage): boolean {
    const isDue = performance.now() >= this.#toldAt + POSITION_EVERY_MS;
    return changes.length === 0 && !resync && !isDue;
  }
}

function pause(ms: number): Promise<void> {
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
