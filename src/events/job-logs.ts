/**
 * Live streams of what single jobs log. Each reads the database from its own place on: whenever the bus
 * says that the job has logged or ended, and where the bus lost that, when the repair finds that there is
 * something to read. No line travels on the bus.
 */
import type { Logger } from "pino";
import { RequestError } from "../domain/errors.ts";
import type { JobEvent } from "../domain/event.ts";
import { isFinal } from "../domain/job.ts";
import type { LinePlace } from "../domain/log-line.ts";
import type { Bus, Unsubscribe } from "./bus.ts";
import { type LinesRead, LogStream } from "./log-stream.ts";
import { RepairLoop } from "./repair-loop.ts";
import { SeldomLog } from "./seldom-log.ts";
import { SnapshotReads } from "./snapshot-reads.ts";

export interface WatchedPlace extends LinePlace {
  readonly id: string;
}

export interface JobLogsOptions {
  readonly bus: Bus;
  /**
   * By place in `places`: up to `LINES_PAGE` lines after each, from one snapshot; null for a job that
   * does not exist. From the primary.
   */
  readonly readLines: (places: readonly WatchedPlace[]) => Promise<readonly (LinesRead | null)[]>;
  /** By place in `places`: whether there are lines after it, or can be none any more. */
  readonly findNews: (places: readonly WatchedPlace[]) => Promise<readonly boolean[]>;
  readonly log: Logger;
  /** How often the database is asked. Null: only after a gap of the bus; for tests. */
  readonly repairIntervalMs?: number | null;
}

const REPAIR_INTERVAL_MS = 1_000;
/** Places that share a reading: of the longest lines that is 12 MB of text. */
const READ_PLACES_MAX = 20;
const FIND_PLACES_MAX = 1_000;
const JOB_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export class JobLogs {
  readonly #options: JobLogsOptions;
  readonly #log: SeldomLog;
  readonly #reads: SnapshotReads<LinesRead>;
  readonly #repair: RepairLoop;
  /** Open streams, by job. */
  readonly #watched = new Map<string, Set<LogStream>>();
  readonly #releases = new Map<LogStream, Unsubscribe>();
  #listening: Unsubscribe[] = [];
  #phase: "new" | "running" | "stopped" = "new";

  constructor(options: JobLogsOptions) {
    this.#options = options;
    this.#log = new SeldomLog(options.log);
    this.#reads = new SnapshotReads({
      read: (keys) => this.#read(keys),
      keysMax: READ_PLACES_MAX,
      what: "log lines of watched jobs",
      log: this.#log,
    });
    const { repairIntervalMs: intervalMs = REPAIR_INTERVAL_MS } = options;
    this.#repair = new RepairLoop({ intervalMs, repair: () => this.#repairAll() });
  }

  /** Open streams on this instance. */
  get subscriptionCount(): number {
    return this.#releases.size;
  }

  start(): void {
    if (this.#phase !== "new") return;
    this.#phase = "running";
    const { bus } = this.#options;
    this.#listening = [
      bus.onWake(({ logs = [] }) => this.#nudge(logs)),
      bus.onEvents((events) => this.#handle(events)),
      bus.onGap(() => this.#repair.now()),
    ];
    this.#repair.start();
  }

  /** Makes every stream reject with UNAVAILABLE: a clean end would tell that nothing more will come. */
  async stop(): Promise<void> {
    this.#phase = "stopped";
    for (const end of this.#listening.splice(0)) end();
    for (const stream of [...this.#releases.keys()]) stream.fail(unavailable("is stopping"));
    await Promise.all([this.#repair.stop(), this.#reads.stop()]);
  }

  /**
   * The lines of a job after a place, each once and in order: those that are there, then each as it
   * comes. Ends after the last line of a job that has ended, and when the job is deleted.
   *
   * It does not open with a RequestError: NOT_FOUND for an unknown id, UNAVAILABLE before `start` and
   * after `stop`, which also ends what is open.
   */
  watch(id: string, after: LinePlace): LogStream {
    const jobId = id.toLowerCase();
    return new LogStream({
      after,
      read: (place) => this.#reads.read(keyOf({ ...place, id: jobId })),
      unknown: () => notFound(jobId),
      onOpen: (stream) => {
        this.#open(stream, jobId).catch((error: unknown) => stream.fail(error));
      },
      onClose: (stream) => this.#close(stream, jobId),
    });
  }

  async #open(stream: LogStream, id: string): Promise<void> {
    if (this.#phase !== "running") return stream.fail(unavailable("is not ready"));
    // One id that PostgreSQL cannot cast would fail the statement that all share.
    if (!JOB_ID.test(id)) return stream.fail(notFound(id));
    this.#watched.set(id, (this.#watched.get(id) ?? new Set()).add(stream));
    this.#releases.set(stream, () => {});
    const release = await this.#options.bus.announceInterest(id);
    if (!stream.isOpen) return release();
    this.#releases.set(stream, release);
    // Whatever is committed from here on is told to us; whatever was before, is read now.
    stream.begin();
  }

  #close(stream: LogStream, id: string): void {
    this.#releases.get(stream)?.();
    this.#releases.delete(stream);
    const streams = this.#watched.get(id);
    streams?.delete(stream);
    if (streams?.size === 0) this.#watched.delete(id);
  }

  #nudge(ids: readonly string[]): void {
    for (const id of ids) for (const stream of this.#watched.get(id) ?? []) stream.nudge();
  }

  #handle(events: readonly JobEvent[]): void {
    if (this.#watched.size === 0) return;
    for (const { id, status } of events) if (isFinal(status)) this.#nudge([id]);
  }

  async #read(keys: readonly string[]): Promise<Map<string, LinesRead>> {
    const found = await this.#options.readLines(keys.map(placeOf));
    return new Map(
      keys.flatMap((key, index) => {
        const lines = found[index];
        return lines == null ? [] : [[key, lines] as const];
      }),
    );
  }

  async #repairAll(): Promise<void> {
    const waiting = new Map<string, LogStream[]>();
    for (const [id, streams] of this.#watched) {
      for (const stream of streams) {
        if (!stream.isWaiting) continue;
        const key = keyOf({ ...stream.place, id });
        const others = waiting.get(key);
        if (others === undefined) waiting.set(key, [stream]);
        else others.push(stream);
      }
    }
    const keys = [...waiting.keys()];
    try {
      for (let at = 0; at < keys.length; at += FIND_PLACES_MAX) {
        const asked = keys.slice(at, at + FIND_PLACES_MAX);
        const news = await this.#options.findNews(asked.map(placeOf));
        asked.forEach((key, index) => {
          if (news[index] === true) for (const stream of waiting.get(key) ?? []) stream.nudge();
        });
      }
    } catch (error) {
      this.#log.warn("looking for log lines of the watched jobs failed, trying again", error);
    }
  }
}

function keyOf({ id, attempt, seq }: WatchedPlace): string {
  return `${id} ${attempt} ${seq}`;
}

function placeOf(key: string): WatchedPlace {
  const [id = "", attempt, seq] = key.split(" ");
  return { id, attempt: Number(attempt), seq: Number(seq) };
}

function notFound(id: string): RequestError {
  return new RequestError("NOT_FOUND", `there is no job ${id.slice(0, 100)}`);
}

function unavailable(why: string): RequestError {
  return new RequestError("UNAVAILABLE", `the server ${why}; subscribe again`);
}
