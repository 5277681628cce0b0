/**
 * Live streams of single jobs. The contract: versions delivered to a subscriber strictly rise; the
 * first message is the state now; the final state always arrives, within two seconds even if the bus
 * lost it; a slow reader gets the latest state.
 *
 * The bus is speed, the database is truth: whatever the bus loses, the repair finds by comparing
 * what the streams have with the database.
 */
import type { Logger } from "pino";
import { RequestError } from "../domain/errors.ts";
import type { JobEvent } from "../domain/event.ts";
import type { JobRecord } from "../domain/job-record.ts";
import type { Bus, Unsubscribe } from "./bus.ts";
import { JobStream } from "./job-stream.ts";
import { RepairLoop } from "./repair-loop.ts";
import { SeldomLog } from "./seldom-log.ts";
import { READ_IDS_MAX, type ReadJobs, SnapshotReads } from "./snapshot-reads.ts";
import { WatchedJob } from "./watched-job.ts";

export interface JobUpdatesOptions {
  readonly bus: Bus;
  /** From the primary. Unknown ids are absent from the map. */
  readonly readJobs: ReadJobs;
  readonly log: Logger;
  /** How often the database is asked. Null: only after a gap of the bus; for tests. */
  readonly repairIntervalMs?: number | null;
  /** Open streams on this instance. */
  readonly subscriptionsMax: number;
}

const REPAIR_INTERVAL_MS = 1_000;
const JOB_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export class JobUpdates {
  readonly #bus: Bus;
  readonly #readJobs: ReadJobs;
  readonly #log: SeldomLog;
  readonly #subscriptionsMax: number;
  readonly #reads: SnapshotReads<JobRecord>;
  readonly #repair: RepairLoop;
  readonly #watched = new Map<string, WatchedJob>();
  /** Every open stream, with what ends its interest. */
  readonly #streams = new Map<JobStream, { readonly id: string; release: Unsubscribe }>();
  #listening: Unsubscribe[] = [];
  #phase: "new" | "running" | "stopped" = "new";

  constructor(options: JobUpdatesOptions) {
    this.#bus = options.bus;
    this.#readJobs = options.readJobs;
    this.#log = new SeldomLog(options.log);
    this.#subscriptionsMax = options.subscriptionsMax;
    this.#reads = new SnapshotReads({
      read: options.readJobs,
      keysMax: READ_IDS_MAX,
      what: "watched jobs",
      log: this.#log,
    });
    const { repairIntervalMs = REPAIR_INTERVAL_MS } = options;
    this.#repair = new RepairLoop({
      intervalMs: repairIntervalMs,
      repair: () => this.#repairAll(),
    });
  }

  /** Jobs that are watched on this instance. */
  get watchedCount(): number {
    return this.#watched.size;
  }

  /** Open streams on this instance. */
  get subscriptionCount(): number {
    return this.#streams.size;
  }

  async start(): Promise<void> {
    if (this.#phase !== "new") return;
    this.#phase = "running";
    this.#listening = [
      this.#bus.onEvents((events) => this.#handle(events)),
      this.#bus.onGap(() => this.#repair.now()),
    ];
    this.#repair.start();
  }

  /**
   * Makes every stream reject with UNAVAILABLE: a clean end would tell clients that nothing more
   * will come. Close the sockets first (WebSockets with 1012, SSE responses without `complete`):
   * then the transports have returned their streams, and what rejects here reaches nobody.
   */
  async stop(): Promise<void> {
    this.#phase = "stopped";
    for (const end of this.#listening.splice(0)) end();
    const error = new RequestError("UNAVAILABLE", "the server is stopping; subscribe again");
    for (const stream of [...this.#streams.keys()]) stream.fail(error);
    await Promise.all([this.#repair.stop(), this.#reads.stop()]);
  }

  /**
   * The state of a job now, then every newer one; ends after a final status, or when the job is
   * deleted. `return` takes effect at once.
   *
   * The first `next` rejects with a RequestError: NOT_FOUND for an unknown id, TOO_MANY_SUBSCRIPTIONS
   * at this instance's limit, UNAVAILABLE before `start` and after `stop`. `stop` rejects later ones.
   */
  watchJob(id: string): AsyncIterableIterator<JobRecord> {
    const jobId = id.toLowerCase();
    return new JobStream({
      onOpen: (stream) => {
        this.#open(stream, jobId).catch((error: unknown) => stream.fail(error));
      },
      onClose: (stream) => this.#close(stream),
    });
  }

  async #open(stream: JobStream, id: string): Promise<void> {
    const refusal = this.#refusal(id);
    if (refusal !== null) return stream.fail(refusal);
    const job = this.#watched.get(id) ?? new WatchedJob();
    this.#watched.set(id, job);
    const subscription = { id, release: () => {} };
    this.#streams.set(stream, subscription);
    job.add(stream);
    const release = await this.#bus.announceInterest(id);
    if (!stream.isOpen) return release();
    subscription.release = release;
    // Whatever is committed from here on is published to us; whatever was before, is read now.
    const snapshot = await this.#reads.read(id);
    if (snapshot === undefined) stream.fail(notFound(id));
    else if (!job.join(stream, snapshot)) this.#repair.now();
  }

  #refusal(id: string): RequestError | null {
    if (this.#phase !== "running") {
      return new RequestError("UNAVAILABLE", "the server is not ready; subscribe again");
    }
    if (this.#streams.size >= this.#subscriptionsMax) {
      const limit = `${this.#subscriptionsMax} subscriptions are open on this server`;
      return new RequestError("TOO_MANY_SUBSCRIPTIONS", `${limit}, more are not allowed`);
    }
    // One id that PostgreSQL cannot cast would fail the statement that all share.
    return JOB_ID.test(id) ? null : notFound(id);
  }

  #close(stream: JobStream): void {
    const subscription = this.#streams.get(stream);
    if (subscription === undefined) return;
    this.#streams.delete(stream);
    subscription.release();
    const job = this.#watched.get(subscription.id);
    job?.remove(stream);
    if (job?.isEmpty) this.#watched.delete(subscription.id);
  }

  #handle(events: readonly JobEvent[]): void {
    if (this.#watched.size === 0) return;
    for (const event of events) this.#watched.get(event.id)?.handle(event);
  }

  async #repairAll(): Promise<void> {
    const ids = [...this.#watched].filter(([, job]) => job.isLive).map(([id]) => id);
    try {
      for (let at = 0; at < ids.length; at += READ_IDS_MAX) {
        const doubtful = await this.#repairSome(ids.slice(at, at + READ_IDS_MAX));
        // Asked a second time: what ends a stream must not rest on one unlucky answer.
        if (doubtful.length > 0) await this.#repairSome(doubtful, true);
      }
    } catch (error) {
      this.#log.warn("comparing the watched jobs with the database failed, trying again", error);
    }
  }

  /**
   * Returns the ids that do not exist, or are behind what was told before they were asked for: an event is
   * published after its commit, so whoever reads the job then finds it as new or newer.
   *
   * @param isFinal acts on it
   */
  async #repairSome(ids: readonly string[], isFinal = false): Promise<string[]> {
    const asked = ids.map((id) => {
      const job = this.#watched.get(id);
      return { id, job, told: job?.version ?? Number.NEGATIVE_INFINITY };
    });
    const found = await this.#readJobs(ids);
    const doubtful = asked.filter(({ id, job, told }) => {
      const now = found.get(id);
      if (now !== undefined) job?.show(now);
      if (now !== undefined && now.version >= told) return false;
      if (isFinal && now === undefined) job?.vanish();
      if (isFinal && now !== undefined) job?.retract(ahead());
      return true;
    });
    return doubtful.map(({ id }) => id);
  }
}

function ahead(): RequestError {
  const message = "what was told of this job is ahead of the database; subscribe again";
  return new RequestError("UNAVAILABLE", message);
}

function notFound(id: string): RequestError {
  return new RequestError("NOT_FOUND", `there is no job ${id.slice(0, 100)}`);
}
