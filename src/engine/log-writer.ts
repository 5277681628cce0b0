/**
 * Writes what running attempts log: a few times a second what has come, and at once the rest of an
 * attempt that ends, which waits for it. The texts go to the database alone: to no log of the server, and
 * over no bus.
 */
import type { Logger } from "pino";
import type { LogEntry } from "../domain/log-line.ts";
import type { Bus } from "../events/bus.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import { type Database, DatabaseError } from "../store/database.ts";
import { type NumberedEntry, writeLogLines } from "../store/write-log-lines.ts";
import { AttemptLog } from "./attempt-log.ts";
import { isRefusal } from "./batch-writer.ts";
import { HeldEnd } from "./held-end.ts";
import { LogRoom } from "./log-room.ts";
import { PacedLoop } from "./paced-loop.ts";
import type { Service } from "./service.ts";
import type { StaleWrites } from "./stale-writes.ts";

export interface LogWriterOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Logger;
  readonly stale: StaleWrites;
  /** The attempt belongs to somebody else: nothing more of it counts. */
  readonly onStale: (job: ClaimedJob) => void;
}

/** An attempt that has logged, running or ended. */
interface Open {
  readonly log: AttemptLog;
  /** Null while it runs. */
  end: HeldEnd | null;
}

/** The lines of one attempt in a statement. */
interface Part {
  readonly open: Open;
  readonly lines: readonly NumberedEntry[];
}

/** Between two statements, unless an end waits. */
const INTERVAL_MS = 250;
/** What is logged together goes together. */
const GATHER_MS = 20;
const BATCH_LINES_MAX = 1_000;
const BATCH_CHARS_MAX = 1024 * 1024;
const ERROR_PAUSE_MAX_MS = 1_000;
/** Nothing is due without a line, and a line wakes the loop. */
const FLOOR_MS = 60_000;

export class LogWriter implements Service {
  readonly #options: LogWriterOptions;
  readonly #loop: PacedLoop;
  readonly #room = new LogRoom();
  /** By job. */
  readonly #open = new Map<string, Open>();
  /** Ends that wait. */
  #ending = 0;
  /** A round is to come that takes what has been added. */
  #isWoken = false;
  #dueAt = 0;
  #failures = 0;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    const act = () => this.#write();
    this.#loop = new PacedLoop({ name: "job logs", log: options.log, floorMs: FLOOR_MS, act });
  }

  start(): Promise<void> {
    return this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    for (const open of [...this.#open.values()]) this.#close(open);
  }

  add(job: ClaimedJob, entry: LogEntry): void {
    const { log } = this.#openFor(job);
    log.add(entry);
    if (this.#isWoken || !log.hasUnwritten) return;
    this.#isWoken = true;
    this.#loop.wakeIn(Math.max(GATHER_MS, this.#dueAt - performance.now()));
  }

  /**
   * The attempt has ended. Null if nothing of it waits, as of nearly all; else resolves when what waits
   * is written, or has taken so long that its end must not wait for it.
   */
  end(job: ClaimedJob): Promise<void> | null {
    if (this.#open.size === 0) return null;
    const open = this.#find(job);
    if (open === null) return null;
    open.log.end();
    if (!open.log.hasUnwritten) {
      this.#close(open);
      return null;
    }
    open.end = new HeldEnd(() => this.#giveUp(open));
    this.#ending += 1;
    if (this.#failures === 0) this.#loop.wakeIn(1);
    return open.end.settled;
  }

  /** Tries again now what failed for want of a database. */
  hurry(): void {
    this.#dueAt = 0;
    this.#loop.wake();
  }

  /** The attempt is no longer ours. */
  forget(job: ClaimedJob): void {
    const open = this.#find(job);
    if (open !== null) this.#close(open);
  }

  /** What runs here is no longer ours. What has ended may still be: its end is going to be tried, too. */
  forgetRunning(): void {
    for (const open of [...this.#open.values()]) if (open.end === null) this.#close(open);
  }

  #find({ id, token }: ClaimedJob): Open | null {
    const open = this.#open.get(id);
    return open?.log.job.token === token ? open : null;
  }

  #openFor(job: ClaimedJob): Open {
    const known = this.#open.get(job.id);
    if (known?.log.job.token === job.token) return known;
    if (known !== undefined) this.#close(known);
    const open: Open = { log: new AttemptLog(job, this.#room), end: null };
    this.#open.set(job.id, open);
    return open;
  }

  #close(open: Open): void {
    open.log.discard();
    const { id } = open.log.job;
    if (this.#open.get(id) !== open) return;
    this.#open.delete(id);
    if (open.end !== null) this.#ending -= 1;
    open.end?.settle();
  }

  #giveUp(open: Open): void {
    const lines = open.log.unwritten;
    const message = "log lines of a run that has ended could not be written in time";
    this.#options.log.warn({ jobId: open.log.job.id, lines }, message);
    this.#close(open);
  }

  /** One statement. Resolves to the time until the next is due; null without one. */
  async #write(): Promise<number | null> {
    this.#isWoken = false;
    const now = performance.now();
    if (this.#ending === 0 && now < this.#dueAt) return this.#pause();
    const batch = this.#nextBatch();
    if (batch.length === 0) return null;
    this.#dueAt = now + INTERVAL_MS;
    try {
      await this.#send(batch);
      this.#failures = 0;
    } catch (error) {
      return this.#failed(error, batch);
    }
    return this.#pause();
  }

  #pause(): number | null {
    if (this.#ending > 0) return 0;
    const isMore = [...this.#open.values()].some(({ log }) => log.hasUnwritten);
    return isMore ? Math.max(0, this.#dueAt - performance.now()) : null;
  }

  /** Those that wait for it come first. */
  #nextBatch(): Part[] {
    const all = [...this.#open.values()].filter(({ log }) => log.hasUnwritten);
    const ended = all.filter(({ end }) => end !== null);
    const batch: Part[] = [];
    let [linesLeft, charsLeft] = [BATCH_LINES_MAX, BATCH_CHARS_MAX];
    for (const open of [...ended, ...all.filter(({ end }) => end === null)]) {
      if (linesLeft <= 0 || charsLeft <= 0) break;
      const lines = open.log.next(linesLeft, charsLeft);
      batch.push({ open, lines });
      linesLeft -= lines.length;
      for (const { message, fields } of lines) charsLeft -= message.length + (fields?.length ?? 0);
    }
    return batch;
  }

  /** A part that the database refuses is halved until the bad line stands alone, and is left out. */
  async #send(batch: readonly Part[]): Promise<void> {
    const attempts = batch.map(({ open, lines }) => {
      const { id, attempt, token } = open.log.job;
      return { id, attempt, token, lines };
    });
    try {
      this.#written(batch, await writeLogLines(this.#options.db, attempts));
    } catch (error) {
      const [only] = batch;
      if (!isRefusal(error) || only === undefined) throw error;
      if (batch.length === 1 && only.lines.length === 1) return this.#refused(only, error);
      for (const half of halve(batch, only)) await this.#send(half);
    }
  }

  #written(batch: readonly Part[], accepted: readonly boolean[]): void {
    const { bus, stale, onStale } = this.#options;
    const told: string[] = [];
    const gone: Open[] = [];
    batch.forEach(({ open, lines }, index) => {
      const { id } = open.log.job;
      // Given up meanwhile, or taken away: whoever did that has told of it.
      if (this.#open.get(id) !== open) return;
      if (accepted[index] !== true) gone.push(open);
      else this.#done(open, lines.length);
      if (accepted[index] === true && bus.isWatched(id)) told.push(id);
    });
    if (told.length > 0) bus.wake({ logs: told });
    stale.report(
      "log",
      gone.map(({ log }) => log.job.id),
    );
    for (const open of gone) {
      this.#close(open);
      // Its end is on the way, and will be refused as well.
      if (open.end === null) onStale(open.log.job);
    }
  }

  #done(open: Open, lines: number): void {
    open.log.written(lines);
    if (open.end !== null && !open.log.hasUnwritten) this.#close(open);
  }

  /** The text is left out of the server's log, and so is what the database says of it. */
  #refused({ open }: Part, error: unknown): void {
    const sqlState = error instanceof DatabaseError ? error.sqlState : null;
    const { id: jobId } = open.log.job;
    this.#options.log.error({ jobId, sqlState }, "the database refuses a log line of a job");
    if (this.#open.get(jobId) === open) this.#done(open, 1);
  }

  #failed(error: unknown, batch: readonly Part[]): number {
    this.#failures += 1;
    const pauseMs = Math.min(50 * 2 ** (this.#failures - 1), ERROR_PAUSE_MAX_MS);
    this.#dueAt = performance.now() + pauseMs;
    const isAway = error instanceof DatabaseError && error.isConnectionLost;
    // Their own end could not be written either: so it goes on waiting.
    if (isAway) for (const { end } of this.#open.values()) end?.extend();
    const lines = batch.reduce((sum, part) => sum + part.lines.length, 0);
    const message = "writing log lines of jobs failed, trying again";
    this.#options.log.error({ reason: reasonOf(error), lines, pauseMs }, message);
    return pauseMs;
  }
}

function halve(batch: readonly Part[], { open, lines }: Part): Part[][] {
  const middle = Math.ceil((batch.length > 1 ? batch.length : lines.length) / 2);
  if (batch.length > 1) return [batch.slice(0, middle), batch.slice(middle)];
  return [[{ open, lines: lines.slice(0, middle) }], [{ open, lines: lines.slice(middle) }]];
}

/** Of an answer of the database only the code: its words may quote what was written. */
function reasonOf(error: unknown): string {
  if (error instanceof DatabaseError && error.sqlState !== null)
    return `SQLSTATE ${error.sqlState}`;
  return error instanceof Error ? error.message : String(error);
}
