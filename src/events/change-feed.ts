/**
 * The committed changes of all jobs, for the live lists of this instance.
 *
 * The bus is speed, the event log is truth: every second the instance reads what has become visible
 * in the log since it last looked, and passes on what the bus has not brought. Neither waits for a
 * transaction that is slow to commit; only the position that clients resume from stops below it.
 */
import { setImmediate } from "node:timers/promises";
import type { Logger } from "pino";
import { RequestError } from "../domain/errors.ts";
import type { JobChange } from "../domain/job-change.ts";
import type { LogMark, LogPosition } from "../domain/log-position.ts";
import type { Bus, Unsubscribe } from "./bus.ts";
import type { ChangeFilter } from "./change-filter.ts";
import { ChangeList, type ChangeListener } from "./change-list.ts";
import { ChangeStream } from "./change-stream.ts";
import { continues, type LogSource } from "./log-source.ts";
import { RecentChanges } from "./recent-changes.ts";
import { RepairLoop } from "./repair-loop.ts";
import { Replays } from "./replay-changes.ts";
import { SeldomLog } from "./seldom-log.ts";

export interface ChangeFeedOptions {
  readonly bus: Bus;
  readonly source: LogSource;
  /**
   * For what single clients ask, a cursor or what they missed: many of them must not hold up what is new
   * for all. If not given, `source`.
   */
  readonly requestSource?: LogSource;
  readonly log: Logger;
  /** How often the log is read. Null: only after a gap of the bus; for tests. */
  readonly intervalMs?: number | null;
}

const INTERVAL_MS = 1_000;
/** Changes times lists: some milliseconds. */
const HEARD_AT_ONCE = 20_000;
/** What the bus brings later than this after its commit has been told by the log. */
const LATE_MS = 5_000;

export class ChangeFeed {
  readonly replays: Replays;
  readonly #source: LogSource;
  readonly #requestSource: LogSource;
  readonly #bus: Bus;
  readonly #log: SeldomLog;
  readonly #loop: RepairLoop;
  readonly #listeners = new Set<ChangeListener>();
  /** By the key of the filter, while they have members. */
  readonly #lists = new Map<string, ChangeList>();
  readonly #recent = new RecentChanges();
  #mark: LogMark | null = null;
  /** By the database's clock. */
  #openedAtMs = 0;
  #opening: Promise<Unsubscribe> | null = null;
  #listening: Unsubscribe[] = [];
  #phase: "new" | "running" | "stopped" = "new";

  constructor(options: ChangeFeedOptions) {
    const { bus, source, requestSource = source, log, intervalMs = INTERVAL_MS } = options;
    this.replays = new Replays(requestSource);
    this.#source = source;
    this.#requestSource = requestSource;
    this.#bus = bus;
    this.#log = new SeldomLog(log);
    this.#loop = new RepairLoop({ intervalMs, repair: () => this.#readLog() });
  }

  start(): void {
    if (this.#phase !== "new") return;
    this.#phase = "running";
    this.#listening = [
      this.#bus.onEvents((events) => this.#hearBus(events)),
      this.#bus.onGap(() => this.#loop.now()),
    ];
    this.#loop.start();
  }

  /** Makes every list reject with UNAVAILABLE: a clean end would tell that nothing more will come. */
  async stop(): Promise<void> {
    this.#phase = "stopped";
    for (const end of this.#listening.splice(0)) end();
    const error = new RequestError("UNAVAILABLE", "the server is stopping; subscribe again");
    for (const listener of [...this.#listeners]) listener.fail(error);
    await this.#loop.stop();
  }

  /** For the cursor of a page that is read after it. Whether anybody listens or not. */
  async readPosition(): Promise<LogPosition> {
    return (await this.#requestSource.now()).position;
  }

  /** Everything before it has been passed on. Only while somebody listens. */
  get position(): LogPosition {
    if (this.#mark === null) throw new Error("nobody listens");
    return this.#mark.position;
  }

  /**
   * A live list, which those who watch the same one share. Its first `next` rejects as `join` does.
   *
   * @param after what its reader has seen already; null: from now
   */
  watch(filter: ChangeFilter, after: LogPosition | null): ChangeStream {
    return new ChangeStream({ findList: () => this.#findList(filter), after });
  }

  /**
   * The listener hears every change that is committed after this resolves, and may hear earlier ones.
   *
   * @throws RequestError UNAVAILABLE before `start` and after `stop`, or DatabaseError
   */
  async join(listener: ChangeListener): Promise<void> {
    if (this.#phase !== "running") {
      throw new RequestError("UNAVAILABLE", "the server is not ready; subscribe again");
    }
    this.#listeners.add(listener);
    this.#opening ??= this.#open();
    try {
      await this.#opening;
    } catch (error) {
      this.leave(listener);
      throw error;
    }
  }

  leave(listener: ChangeListener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
    this.#close();
  }

  #findList(filter: ChangeFilter): ChangeList {
    const { key } = filter;
    const known = key === null ? undefined : this.#lists.get(key);
    if (known !== undefined) return known;
    const list = new ChangeList({
      ...{ feed: this, filter },
      onFailedRead: (error) =>
        this.#log.warn("reading jobs of a live list failed, trying again", error),
      onClose: () => {
        if (key !== null) this.#lists.delete(key);
      },
    });
    if (key !== null) this.#lists.set(key, list);
    return list;
  }

  async #open(): Promise<Unsubscribe> {
    const release = await this.#bus.announceInterest(null);
    try {
      const mark = await this.#source.now();
      // Everybody may have left meanwhile.
      if (this.#listeners.size > 0) this.#mark = mark;
      this.#openedAtMs = mark.position.atMs;
      return release;
    } catch (error) {
      this.#opening = null;
      release();
      throw error;
    }
  }

  #close(): void {
    const opening = this.#opening;
    this.#opening = null;
    this.#mark = null;
    this.#recent.clear();
    // It says itself what failed, to those who waited for it.
    opening?.then((release) => release()).catch(() => undefined);
  }

  /**
   * What was changed before the feed opened is left to the log, which knows what of it was committed
   * later: newer states of the same job may have been told before anybody listened.
   */
  #hearBus(events: readonly (JobChange & { readonly atMs: number })[]): void {
    if (this.#mark === null) return;
    const tooLate = Math.max(this.#openedAtMs, this.#mark.position.atMs - LATE_MS);
    for (const event of events) if (event.atMs > tooLate) this.#tell(event);
  }

  /** Other work gets its turn between: thousands of lists may hear of thousands of changes. */
  async #tellAll(changes: readonly JobChange[], from: LogMark): Promise<void> {
    let heard = 0;
    for (const change of changes) {
      if (this.#mark !== from) return;
      this.#tell(change);
      heard += this.#listeners.size;
      if (heard < HEARD_AT_ONCE) continue;
      heard = 0;
      await setImmediate();
    }
  }

  #tell(change: JobChange): void {
    const news = this.#recent.take(change);
    if (news === null) return;
    for (const listener of this.#listeners) listener.hear(news);
  }

  async #readLog(): Promise<void> {
    const from = this.#mark;
    if (from === null) return;
    const startedAt = performance.now();
    try {
      const mark = await this.#tellSince(from);
      // Everybody left and others came.
      if (this.#mark !== from) return;
      this.#mark = mark;
      this.#recent.forget(startedAt);
    } catch (error) {
      this.#log.warn("reading the event log failed, trying again", error);
    }
  }

  /** Returns what had been committed when it began. */
  async #tellSince(from: LogMark): Promise<LogMark> {
    let page = await this.#source.since(from, null);
    const { mark } = page;
    if (!continues(from.position, mark.position)) {
      // Versions begin again where the other history went on.
      this.#recent.clear();
      for (const listener of this.#listeners) listener.lose();
      return mark;
    }
    for (;;) {
      await this.#tellAll(page.changes, from);
      if (this.#mark !== from || page.next === null) return mark;
      page = await this.#source.since(from, page.next);
    }
  }
}
