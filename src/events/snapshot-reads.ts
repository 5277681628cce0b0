/** Reads single jobs for many callers with few statements, and does not give up. */
import type { JobRecord } from "../domain/job-record.ts";
import type { SeldomLog } from "./seldom-log.ts";

export type ReadJobs = (ids: readonly string[]) => Promise<ReadonlyMap<string, JobRecord>>;

/** Ids in one statement. */
export const READ_IDS_MAX = 1_000;
const READS_IN_FLIGHT_MAX = 2;
const RETRY_MS = 500;

type Resolve = (job: JobRecord | undefined) => void;

/**
 * What is asked for in one turn of the event loop, or while two reads are in flight, shares a
 * statement. A failed read is tried again, once to twice a second, until `stop`.
 */
export class SnapshotReads {
  readonly #readJobs: ReadJobs;
  readonly #log: SeldomLog;
  #waiting = new Map<string, Resolve[]>();
  readonly #inFlight = new Set<Promise<void>>();
  #isScheduled = false;
  #retry: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(readJobs: ReadJobs, log: SeldomLog) {
    this.#readJobs = readJobs;
    this.#log = log;
  }

  /**
   * The job as it is after this call; undefined if there is none. Never rejects; after `stop` it
   * never resolves either.
   */
  read(id: string): Promise<JobRecord | undefined> {
    return new Promise((resolve) => {
      this.#wait(id, [resolve]);
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

  #wait(id: string, resolves: readonly Resolve[]): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) this.#waiting.set(id, [...resolves]);
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
      const batch = [...this.#waiting].slice(0, READ_IDS_MAX);
      for (const [id] of batch) this.#waiting.delete(id);
      const done: Promise<void> = this.#read(batch).finally(() => {
        this.#inFlight.delete(done);
        this.#readMore();
      });
      this.#inFlight.add(done);
    }
  }

  async #read(batch: readonly (readonly [string, Resolve[]])[]): Promise<void> {
    try {
      const jobs = await this.#readJobs(batch.map(([id]) => id));
      for (const [id, resolves] of batch) for (const resolve of resolves) resolve(jobs.get(id));
    } catch (error) {
      this.#log.warn("reading watched jobs failed, trying again", error);
      for (const [id, resolves] of batch) this.#wait(id, resolves);
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
