/**
 * Writes how far running attempts are: the newest value of each, at most twice a second.
 *
 * What an attempt reports between two writes replaces what it reported before; its end drops what has
 * not been written, because the final state says more.
 */
import type { Logger } from "pino";
import type { Bus } from "../events/bus.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { Database } from "../store/database.ts";
import { type ProgressRow, writeProgress } from "../store/write-progress.ts";
import { progressEvent } from "./job-events.ts";
import { PacedLoop } from "./paced-loop.ts";
import type { Service } from "./service.ts";
import type { StaleWrites } from "./stale-writes.ts";

export interface ProgressWriterOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Logger;
  readonly stale: StaleWrites;
  /** The attempt belongs to somebody else: nothing more of it counts. */
  readonly onStale: (job: ClaimedJob) => void;
}

interface Report {
  readonly job: ClaimedJob;
  progress: number;
  written: number | null;
  /** Not written again before this, by the monotonic clock. */
  dueAt: number;
}

const INTERVAL_MS = 500;
const BATCH_MAX = 1_000;
/** Nothing is due without a report, and a report wakes the loop. */
const FLOOR_MS = 60_000;

export class ProgressWriter implements Service {
  readonly #options: ProgressWriterOptions;
  readonly #loop: PacedLoop;
  /** Of attempts that run here and have reported, by job. */
  readonly #reports = new Map<string, Report>();

  constructor(options: ProgressWriterOptions) {
    this.#options = options;
    const { log } = options;
    const act = () => this.#write();
    this.#loop = new PacedLoop({ name: "progress", log, floorMs: FLOOR_MS, act });
  }

  start(): Promise<void> {
    return this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  report(job: ClaimedJob, progress: number): void {
    const known = this.#reports.get(job.id);
    if (known?.job.token === job.token) {
      known.progress = progress;
      this.#loop.wakeIn(known.dueAt - performance.now());
      return;
    }
    this.#reports.set(job.id, { job, progress, written: null, dueAt: 0 });
    this.#loop.wake();
  }

  /** The attempt has ended, or is no longer ours. */
  forget({ id, token }: ClaimedJob): void {
    if (this.#reports.get(id)?.job.token === token) this.#reports.delete(id);
  }

  forgetAll(): void {
    this.#reports.clear();
  }

  /** One batch. Resolves to the time until the next value is due; null without one. */
  async #write(): Promise<number | null> {
    const now = performance.now();
    const open = [...this.#reports.values()].filter(
      ({ progress, written }) => progress !== written,
    );
    const batch = open.filter(({ dueAt }) => dueAt <= now).slice(0, BATCH_MAX);
    if (batch.length > 0) await this.#writeBatch(batch, now);
    const waits = open.filter((report) => !batch.includes(report)).map(({ dueAt }) => dueAt);
    return waits.length === 0 ? null : Math.max(0, Math.min(...waits) - performance.now());
  }

  async #writeBatch(batch: readonly Report[], now: number): Promise<void> {
    const sent = batch.map(({ job, progress }) => ({
      ...{ id: job.id, attempt: job.attempt, token: job.token, progress },
    }));
    const rows = await writeProgress(this.#options.db, sent);
    const byId = new Map(rows.map((row) => [row.id, row]));
    const gone: ClaimedJob[] = [];
    batch.forEach((report, index) => {
      report.written = sent[index]?.progress ?? null;
      report.dueAt = now + INTERVAL_MS;
      const row = byId.get(report.job.id);
      // An attempt that ended meanwhile may have been written first: then nothing is amiss.
      const isOpen = this.#reports.get(report.job.id) === report;
      if (row !== undefined) this.#publish(report.job, row);
      else if (isOpen) gone.push(report.job);
    });
    this.#dropStale(gone);
  }

  #publish(job: ClaimedJob, row: ProgressRow): void {
    const { bus } = this.#options;
    if (bus.isWatched(job.id)) bus.publish([progressEvent(job, row)]);
  }

  #dropStale(jobs: readonly ClaimedJob[]): void {
    const ids = jobs.map(({ id }) => id);
    this.#options.stale.report("progress", ids);
    for (const job of jobs) {
      this.forget(job);
      this.#options.onStale(job);
    }
  }
}
