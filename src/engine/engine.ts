/** The engine of one instance: its services, started in order and stopped in reverse. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Logger } from "pino";
import type { Bus } from "../events/bus.ts";
import type { Registry } from "../executors/registry.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { Database } from "../store/database.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";
import { CODE_VERSION } from "../store/migrate.ts";
import type { EndedRun } from "./attempt.ts";
import { Canceller } from "./canceller.ts";
import { ClaimLedger } from "./claim-ledger.ts";
import { Completer } from "./completer.ts";
import { endsWithin } from "./ends-within.ts";
import { createExpirer } from "./expirer.ts";
import { failPoint } from "./fail-points.ts";
import { LaneBook } from "./lane-book.ts";
import { Maintenance } from "./maintenance.ts";
import { Membership } from "./membership.ts";
import { ProgressWriter } from "./progress-writer.ts";
import { Promoter } from "./promoter.ts";
import { ReadAhead } from "./read-ahead.ts";
import { createReconciler } from "./reconciler.ts";
import { Rescuer } from "./rescuer.ts";
import { Scheduler } from "./scheduler.ts";
import type { Service } from "./service.ts";
import { StaleWrites } from "./stale-writes.ts";
import { createStrayCancels } from "./stray-cancels.ts";
import { Worker } from "./worker.ts";

export interface EngineOptions {
  /** For claims and outcomes. */
  readonly db: Database;
  /** For the heartbeat alone; the same as `db` on an embedded store. */
  readonly heartbeatDb: Database;
  readonly bus: Bus;
  readonly lanes: LaneCatalog;
  readonly executors: Registry;
  readonly log: Logger;
  /** One entry a worker. */
  readonly workerThreads: readonly number[];
  /** Null: all. */
  readonly queues: readonly string[] | null;
  readonly pollIntervalMs: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** Age of a running row that nobody here knows before it is given back; for tests. */
  readonly reconcileAfterMs?: number;
}

/** After the grace time an executor may react to its signal before the instance goes. */
const LAST_MOMENT_MS = 200;
/** For the database's answers, after the grace time. */
const LAST_WORDS_MS = 10_000;
/** Ten times what read-ahead is meant to wait. */
const READ_AHEAD_PATIENCE_MS = 500;

export class Engine {
  readonly #options: EngineOptions;
  readonly #workers: readonly Worker[];
  readonly #readAhead = new ReadAhead();
  readonly #ledger = new ClaimLedger();
  readonly #membership: Membership;
  readonly #completer: Completer;
  readonly #progress: ProgressWriter;
  readonly #stale: StaleWrites;
  readonly #promoter: Promoter;
  readonly #rescuer: Rescuer;
  readonly #scheduler: Scheduler;
  readonly #services: readonly Service[];
  #patience: NodeJS.Timeout | undefined;
  #started = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { db, bus, lanes, log, executors, queues, pollIntervalMs, leaseMs } = options;
    this.#membership = this.#createMembership();
    this.#promoter = new Promoter({ db, bus, lanes, log, pollIntervalMs });
    const onScheduled = (dueAtMs: number) => {
      this.#promoter.expect(dueAtMs);
    };
    const ledger = this.#ledger;
    const stale = new StaleWrites(log);
    this.#stale = stale;
    this.#completer = new Completer({ db, bus, log, ledger, stale, onScheduled });
    const onStale = (job: ClaimedJob) => this.#abandonStale(job);
    this.#progress = new ProgressWriter({ db, bus, log, stale, onStale });
    this.#workers = this.#createWorkers();
    const workers = this.#workers;
    const membership = this.#membership;
    this.#rescuer = new Rescuer({ db, bus, lanes, membership, log, leaseMs });
    const threadsMax = Math.max(1, ...options.workerThreads);
    this.#scheduler = new Scheduler({
      db,
      bus,
      log,
      membership,
      workers,
      lanes: new LaneBook({ lanes, executors, queues, threadsMax }),
      readAhead: this.#readAhead,
      ledger,
      pollIntervalMs,
      onUnwanted: (jobs) => this.#release(jobs),
    });
    const expirer = createExpirer({ db, bus, lanes, log });
    const maintenance = new Maintenance(db, log);
    const { reconcileAfterMs: olderThanMs } = options;
    const reconciler = createReconciler({
      ...{ db, bus, lanes, membership, ledger, log },
      ...(olderThanMs !== undefined && { olderThanMs }),
    });
    const upkeep = [this.#rescuer, this.#promoter, expirer, reconciler, maintenance];
    this.#services = [this.#completer, this.#progress, ...this.#createCancellers(), ...upkeep];
  }

  /** Writes that were refused, because their attempt was no longer this instance's. */
  get staleWrites(): number {
    return this.#stale.total;
  }

  get instanceUuid(): string {
    return this.#membership.uuid;
  }

  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    await this.#membership.start();
    for (const service of this.#services) await service.start();
    const { log, workerThreads, queues } = this.#options;
    const fields = { workers: workerThreads.length, threads: workerThreads };
    log.info({ ...fields, queues: queues ?? "all" }, "workers started");
    if (workerThreads.length === 0) return;
    await this.#scheduler.start();
    this.#patience = setInterval(() => this.#releaseStale(), READ_AHEAD_PATIENCE_MS / 2);
  }

  /**
   * Claims nothing more, gives back what has not started, lets running jobs end within `graceMs`,
   * and gives back the rest at once. No attempt is spent by a stop. A database that does not answer
   * holds it up for ten seconds in all; the lease then tells the others.
   */
  async stop(graceMs: number): Promise<void> {
    if (!this.#started) return;
    this.#started = false;
    this.#membership.drain();
    clearInterval(this.#patience);
    const deadline = performance.now() + graceMs + LAST_WORDS_MS;
    const left = () => Math.max(0, deadline - performance.now());
    await endsWithin(this.#scheduler.stop(), Math.min(left(), LAST_WORDS_MS / 2));
    for (const worker of this.#workers) this.#release(worker.takeReadAhead());
    failPoint("mid-drain");
    await this.#stopWorkers(graceMs);
    await this.#flushOutcomes(left());
    const services = Promise.all(this.#services.map((service) => service.stop()));
    const ended = services.then(() => this.#membership.stop());
    if (!(await endsWithin(ended, left()))) this.#options.log.error("the database does not answer");
  }

  async #stopWorkers(graceMs: number): Promise<void> {
    const idle = Promise.all(this.#workers.map((worker) => this.#stopWorker(worker)));
    if (await endsWithin(idle, graceMs)) return;
    for (const worker of this.#workers) worker.releaseRunning("the instance stops");
    await endsWithin(idle, LAST_MOMENT_MS);
  }

  async #stopWorker(worker: Worker): Promise<void> {
    await worker.whenEmpty();
    this.#options.log.info({ worker: worker.number }, "worker stopped");
  }

  /** With the database away there is nobody to tell: another instance takes the jobs back later. */
  async #flushOutcomes(limitMs: number): Promise<void> {
    if (await endsWithin(this.#completer.flush(), limitMs)) return;
    const unwritten = this.#completer.abandon();
    this.#options.log.error({ unwritten }, "outcomes could not be written before the stop");
  }

  #createMembership(): Membership {
    const { heartbeatDb, log, leaseMs, heartbeatMs, workerThreads, queues } = this.#options;
    const workers = workerThreads.map((threads) => ({ threads, queues: queues ?? [] }));
    return new Membership({
      db: heartbeatDb,
      log,
      leaseMs,
      heartbeatMs,
      describe: () => ({
        uuid: randomUUID(),
        hostname: hostname(),
        pid: process.pid,
        codeVersion: CODE_VERSION,
        workers,
      }),
      onLost: (why) => this.#abandonAll(why),
      onReturned: () => {
        this.#rescuer.sweep();
        this.#scheduler.nudge();
      },
    });
  }

  #createCancellers(): Service[] {
    const { db, heartbeatDb, bus, lanes, log } = this.#options;
    const stray = createStrayCancels({ db, bus, lanes, log });
    const canceller = new Canceller({
      db: heartbeatDb,
      bus,
      log,
      membership: this.#membership,
      workers: this.#workers,
      onStray: () => stray.wake(),
    });
    return [canceller, stray];
  }

  #createWorkers(): Worker[] {
    const { executors, log, workerThreads } = this.#options;
    return workerThreads.map(
      (threads, index) =>
        new Worker({
          number: index + 1,
          threads,
          executors,
          log,
          onEnd: (run) => this.#ended(run),
          onProgress: (job, fraction) => this.#progress.report(job, fraction),
          onIdle: () => this.#scheduler.nudge(),
        }),
    );
  }

  #ended(run: EndedRun): void {
    failPoint("after-effect-before-complete");
    // One that was let go says nothing of how long its type takes.
    if (run.outcome.kind !== "CANCELLED") {
      this.#readAhead.observe(run.job.lane.type, run.runMs, run.job.payload.length);
    }
    this.#progress.forget(run.job);
    this.#completer.add(run);
  }

  #release(jobs: readonly ClaimedJob[]): void {
    for (const job of jobs) {
      this.#completer.add({ job, outcome: { kind: "RELEASED" }, startDelayMs: 0, runMs: 0 });
    }
  }

  /**
   * Jobs that were read ahead by an average which no longer holds go back for others to start: 480
   * of half a second each once waited for 60 s on 4 threads, while 20 others were idle.
   */
  #releaseStale(): void {
    for (const worker of this.#workers) {
      if (worker.readAheadWaitMs < READ_AHEAD_PATIENCE_MS) continue;
      const jobs = worker.takeReadAhead();
      for (const job of jobs) this.#readAhead.distrust(job.lane.type);
      this.#release(jobs);
    }
  }

  #abandonStale(job: ClaimedJob): void {
    for (const worker of this.#workers) worker.abandon(job, "it was taken from this instance");
    this.#ledger.remove(job);
  }

  #abandonAll(why: string): void {
    this.#ledger.clear();
    this.#progress.forgetAll();
    const dropped = this.#workers.reduce((sum, worker) => sum + worker.abandonAll(why), 0);
    if (dropped > 0) this.#options.log.warn({ jobs: dropped, why }, "dropped jobs");
  }
}
