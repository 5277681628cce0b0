/** Reads single things for many callers with few statements, and does not give up. */
import type { JobRecord } from "../domain/job-record.ts";
import type { SeldomLog } from "./seldom-log.ts";

export type ReadJobs = (ids: readonly string[]) => Promise<ReadonlyMap<string, JobRecord>>;

export interface SnapshotReadsOptions<Value> {
  /** What is not there is absent from the map. */
  readonly read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;
  /** Keys in one statement. */
  readonly keysMax: number;
  /** What is read, for the log; a constant. */
  readonly what: string;
  readonly log: SeldomLog;
}

/** Ids in one statement. */
export const READ_IDS_MAX = 1_000;
const READS_IN_FLIGHT_MAX = 2;
const RETRY_MS = 500;

type Resolve<Value> = (value: Value | undefined) => void;

/**
 * What is asked for in one turn of the event loop, or while two reads are in flight, shares a
 * statement. A failed read is tried again, once to twice a second, until `stop`.
 */
export class SnapshotReads<Value> {
  readonly #options: SnapshotReadsOptions<Value>;
  #waiting = new Map<string, Resolve<Value>[]>();
  readonly #inFlight = new Set<Promise<void>>();
  #isScheduled = false;
  #retry: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: SnapshotReadsOptions<Value>) {
    this.#options = options;
  }

  /**
   * What the key names as it is after this call; undefined if there is none. Never rejects; after `stop`
   * it never resolves either. Those who ask in the same moment get the same object.
   */
  read(key: string): Promise<Value | undefined> {
    return new Promise((resolve) => {
      this.#wait(key, [resolve]);
      this.#schedule();
    });
  }

  /** Resolves when no read is in flight any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#waiting.clear();
    await Promise.all(this.#inFlight);
  }

  #wait(key: string, resolves: readonly Resolve<Value>[]): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) this.#waiting.set(key, [...resolves]);
    else waiting.push(...resolves);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#retry !== null || this.#stopped) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#readMore();
    });
  }

  #readMore(): void {
    while (
      this.#waiting.size > 0 &&
      this.#inFlight.size < READS_IN_FLIGHT_MAX &&
      this.#retry === null &&
      !this.#stopped
    ) {
      const batch = [...this.#waiting].slice(0, this.#options.keysMax);
      for (const [key] of batch) this.#waiting.delete(key);
      const done: Promise<void> = this.#read(batch).finally(() => {
        this.#inFlight.delete(done);
        this.#readMore();
      });
      this.#inFlight.add(done);
    }
  }

  async #read(batch: readonly (readonly [string, Resolve<Value>[]])[]): Promise<void> {
    const { read, what, log } = this.#options;
    try {
      const found = await read(batch.map(([key]) => key));
      for (const [key, resolves] of batch) for (const resolve of resolves) resolve(found.get(key));
    } catch (error) {
      log.warn(`reading ${what} failed, trying again`, error);
      for (const [key, resolves] of batch) this.#wait(key, resolves);
      this.#pause();
    }
  }

  #pause(): void {
    if (this.#stopped || this.#retry !== null) return;
    const pauseMs = RETRY_MS * (1 + Math.random());
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#readMore();
    }, pauseMs).unref();
  }
}
