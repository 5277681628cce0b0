/** The workers of one instance, and what becomes of the jobs they hold. */
import type { Logger } from "pino";
import type { Registry } from "../executors/registry.ts";
import type { ThreadPool } from "../executors/threads/thread-pool.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { Database } from "../store/database.ts";
import { readPayload, readPayloadPieces } from "../store/read-payloads.ts";
import type { EndedRun } from "./attempt.ts";
import type { ClaimLedger } from "./claim-ledger.ts";
import type { Completer } from "./completer.ts";
import { failPoint } from "./fail-points.ts";
import type { LogWriter } from "./log-writer.ts";
import type { Membership } from "./membership.ts";
import type { ProgressWriter } from "./progress-writer.ts";
import type { ReadAhead } from "./read-ahead.ts";
import { Worker } from "./worker.ts";

export interface WorkerPoolOptions {
  readonly db: Database;
  readonly executors: Registry;
  readonly log: Logger;
  /** One entry a worker. */
  readonly workerThreads: readonly number[];
  /** Where CPU-bound attempts run. */
  readonly threads: ThreadPool;
  readonly membership: Membership;
  readonly completer: Completer;
  readonly progress: ProgressWriter;
  readonly logs: LogWriter;
  readonly ledger: ClaimLedger;
  readonly readAhead: ReadAhead;
  /** A worker has free threads and nothing for them. */
  readonly onIdle: () => void;
}

/** Ten times what read-ahead is meant to wait. */
const READ_AHEAD_PATIENCE_MS = 500;

export class WorkerPool {
  readonly workers: readonly Worker[];
  readonly #options: WorkerPoolOptions;
  #patience: NodeJS.Timeout | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    const { db, executors, log, workerThreads, membership, progress, logs, onIdle } = options;
    this.workers = workerThreads.map(
      (threads, index) =>
        new Worker({
          number: index + 1,
          threads,
          executors,
          log,
          mayStart: () => membership.alive,
          readPayload: (id) => readPayload(db, id),
          readPayloadPieces: (id) => readPayloadPieces(db, id),
          runInThread: (...run) => options.threads.runJob(...run),
          onProgress: (job, fraction) => progress.report(job, fraction),
          onLog: (job, entry) => logs.add(job, entry),
          onEnd: (run) => this.#ended(run),
          onIdle,
        }),
    );
  }

  /** From now on no job stays read ahead for long. */
  start(): void {
    this.#patience ??= setInterval(() => this.#releaseStale(), READ_AHEAD_PATIENCE_MS / 2);
  }

  /** What runs goes on: see `drainWorkers`. */
  stop(): void {
    clearInterval(this.#patience);
    this.#patience = undefined;
  }

  /** Gives back jobs that were not started. */
  release(jobs: readonly ClaimedJob[]): void {
    const { completer } = this.#options;
    for (const job of jobs) {
      completer.add({ job, outcome: { kind: "RELEASED" }, startDelayMs: 0, runMs: 0 });
    }
  }

  /** The attempt is somebody else's: nothing more of it counts. */
  abandon(job: ClaimedJob): void {
    for (const worker of this.workers) worker.abandon(job, "it was taken from this instance");
    const { ledger, progress, logs } = this.#options;
    ledger.remove(job);
    progress.forget(job);
    logs.forget(job);
  }

  abandonAll(why: string): void {
    const { ledger, progress, logs, log } = this.#options;
    ledger.clear();
    progress.forgetAll();
    logs.forgetRunning();
    const dropped = this.workers.reduce((sum, worker) => sum + worker.abandonAll(why), 0);
    if (dropped > 0) log.warn({ jobs: dropped, why }, "dropped jobs");
  }

  #ended(run: EndedRun): void {
    failPoint("after-effect-before-complete");
    const { readAhead, progress, completer } = this.#options;
    // One that was let go says nothing of how long its type takes.
    const { kind } = run.outcome;
    const isWhole = kind !== "CANCELLED" && kind !== "RELEASED";
    if (isWhole) readAhead.observe(run.job.lane.type, run.runMs);
    progress.forget(run.job);
    completer.add(run);
  }

  /**
   * Jobs that were read ahead by an average which no longer holds go back for others to start: 480
   * of half a second each once waited for 60 s on 4 threads, while 20 others were idle.
   */
  #releaseStale(): void {
    for (const worker of this.workers) {
      if (worker.readAheadWaitMs < READ_AHEAD_PATIENCE_MS) continue;
      const jobs = worker.takeReadAhead();
      for (const job of jobs) this.#options.readAhead.distrust(job.lane.type);
      this.release(jobs);
    }
  }
}
