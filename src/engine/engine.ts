/** The engine of one instance: its services, started in order and stopped in reverse. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { Lane } from "../store/lane-catalog.ts";
import { CODE_VERSION } from "../store/migrate.ts";
import { readPayload } from "../store/read-payloads.ts";
import type { Seat } from "../store/start-jobs.ts";
import { createAger } from "./ager.ts";
import type { EndedRun } from "./attempt.ts";
import { Canceller } from "./canceller.ts";
import { ClaimLedger } from "./claim-ledger.ts";
import { Completer } from "./completer.ts";
import { drainWorkers } from "./drain-workers.ts";
import { endsWithin } from "./ends-within.ts";
import type { EngineOptions } from "./engine-options.ts";
import { createExpirer } from "./expirer.ts";
import { failPoint } from "./fail-points.ts";
import { Fleet } from "./fleet.ts";
import { LaneBook } from "./lane-book.ts";
import { Maintenance } from "./maintenance.ts";
import { Membership } from "./membership.ts";
import { ProgressWriter } from "./progress-writer.ts";
import { Promoter } from "./promoter.ts";
import { ReadAhead } from "./read-ahead.ts";
import { createReconciler, giveBackUnanswered, type ReconcilerOptions } from "./reconciler.ts";
import { Rescuer } from "./rescuer.ts";
import { Scheduler } from "./scheduler.ts";
import type { Service } from "./service.ts";
import { StaleWrites } from "./stale-writes.ts";
import { createStrayCancels } from "./stray-cancels.ts";
import { Worker } from "./worker.ts";

const PRIORITY_WAIT_MS = 60_000;
/** Several heartbeats, and longer than a connection that broke takes to come back. */
const DEAD_AFTER_MS = 3_000;
/** For the services to stop and the instance to say goodbye, once its jobs are given back. */
const GOODBYE_MS = 1_000;
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
  readonly #reconciled: ReconcilerOptions;
  readonly #services: readonly Service[];
  #patience: NodeJS.Timeout | undefined;
  #started = false;
  #draining: Promise<void> | null = null;

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
    const deadAfterMs = this.#deadAfterMs;
    this.#rescuer = new Rescuer({ db, bus, lanes, membership, log, leaseMs, deadAfterMs });
    const threadsMax = Math.max(1, ...options.workerThreads);
    this.#scheduler = new Scheduler({
      db,
      bus,
      log,
      membership,
      workers,
      lanes: new LaneBook({ lanes, executors, queues, threadsMax, fleet: new Fleet(leaseMs) }),
      readAhead: this.#readAhead,
      ledger,
      pollIntervalMs,
      onUnwanted: (jobs) => this.#release(jobs),
    });
    const expirer = createExpirer({ db, bus, lanes, log });
    const maintenance = new Maintenance(db, bus.turns, log);
    const { reconcileAfterMs: olderThanMs } = options;
    const reconciled = { db, bus, lanes, membership, ledger, log };
    this.#reconciled = { ...reconciled, ...(olderThanMs !== undefined && { olderThanMs }) };
    const reconciler = createReconciler(this.#reconciled);
    const { priorityWaitMs: waitMaxMs = PRIORITY_WAIT_MS } = options;
    const ager = createAger({ db, bus, log, pollIntervalMs, waitMaxMs });
    const upkeep = [this.#rescuer, this.#promoter, expirer, ager, reconciler, maintenance];
    const working = [this.#completer, this.#progress, ...this.#createCancellers(), ...upkeep];
    this.#services = options.isBystander === true ? [] : working;
  }

  /** Writes that were refused, because their attempt was no longer this instance's. */
  get staleWrites(): number {
    return this.#stale.total;
  }

  get instanceUuid(): string {
    return this.#membership.uuid;
  }

  /** Threads for a job of this lane that is being submitted here; null where it has to wait. */
  seat(lane: Lane): Seat | null {
    return this.#scheduler.seat(lane);
  }

  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    await this.#membership.start();
    for (const service of this.#services) await service.start();
    const { log, workerThreads, queues, isBystander } = this.#options;
    if (isBystander === true) return;
    const fields = { workers: workerThreads.length, threads: workerThreads };
    log.info({ ...fields, queues: queues ?? "all" }, "workers started");
    if (workerThreads.length === 0) return;
    await this.#scheduler.start();
    this.#patience = setInterval(() => this.#releaseStale(), READ_AHEAD_PATIENCE_MS / 2);
  }

  /**
   * Claims nothing more, gives back what has not started, lets running jobs end within `graceMs`,
   * and gives back the rest at once. No attempt is spent. The instance stays among the others, seen to
   * be draining, and goes on with all else until it is stopped. A database that does not answer holds
   * it up for three seconds; the lease then tells the others.
   */
  drain(graceMs: number): Promise<void> {
    if (this.#started) this.#draining ??= this.#drain(graceMs);
    return this.#draining ?? Promise.resolve();
  }

  async stop(graceMs: number): Promise<void> {
    if (!this.#started) return;
    await this.drain(graceMs);
    this.#started = false;
    const services = Promise.all(this.#services.map((service) => service.stop()));
    const ended = services.then(() => this.#membership.stop());
    if (await endsWithin(ended, GOODBYE_MS)) return;
    this.#options.log.error("the database does not answer");
  }

  async #drain(graceMs: number): Promise<void> {
    this.#membership.drain();
    clearInterval(this.#patience);
    const parts = {
      scheduler: this.#scheduler,
      workers: this.#workers,
      completer: this.#completer,
    };
    const release = (jobs: readonly ClaimedJob[]) => this.#release(jobs);
    const reconcile = () => giveBackUnanswered(this.#reconciled);
    await drainWorkers({ ...parts, log: this.#options.log, release, reconcile }, graceMs);
  }

  get #deadAfterMs(): number {
    return this.#options.deadAfterMs ?? Math.min(DEAD_AFTER_MS, this.#options.leaseMs);
  }

  #createMembership(): Membership {
    const { heartbeatDb, log, leaseMs, heartbeatMs, workerThreads, queues } = this.#options;
    const types = this.#options.executors.all().map(({ type }) => type);
    const workers = workerThreads.map((threads) => ({ threads, queues: queues ?? [], types }));
    return new Membership({
      db: heartbeatDb,
      log,
      leaseMs,
      deadAfterMs: this.#deadAfterMs,
      heartbeatMs,
      describe: () => ({
        uuid: randomUUID(),
        hostname: hostname(),
        pid: process.pid,
        codeVersion: CODE_VERSION,
        workers,
      }),
      onLost: (why) => this.#abandonAll(why),
      onReturning: () => this.#completer.flushNow(),
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
    const { db, executors, log, workerThreads } = this.#options;
    return workerThreads.map(
      (threads, index) =>
        new Worker({
          number: index + 1,
          threads,
          executors,
          log,
          onEnd: (run) => this.#ended(run),
          mayStart: () => this.#membership.alive,
          readPayload: (id) => readPayload(db, id),
          onProgress: (job, fraction) => this.#progress.report(job, fraction),
          onIdle: () => this.#scheduler.nudge(),
        }),
    );
  }

  #ended(run: EndedRun): void {
    failPoint("after-effect-before-complete");
    // One that was let go says nothing of how long its type takes.
    if (run.outcome.kind !== "CANCELLED" && run.outcome.kind !== "RELEASED") {
      this.#readAhead.observe(run.job.lane.type, run.runMs);
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
