/**
 * The engine of one instance: how its parts start and stop.
 *
 * First the membership, so that what is claimed can be claimed under its number; then the services,
 * in their order; the scheduler last. It stops the other way round: no claims, no jobs on the
 * workers (together a drain, which can come long before the stop), no services, no membership.
 */
import type { Lane } from "../store/lane-catalog.ts";
import type { Seat } from "../store/start-jobs.ts";
import { drainWorkers, type WorkersToDrain } from "./drain-workers.ts";
import { endsWithin } from "./ends-within.ts";
import type { EngineOptions } from "./engine-options.ts";
import { createParts, type EngineParts } from "./engine-parts.ts";
import { giveBackUnanswered } from "./reconciler.ts";

/** For the services to stop and the instance to say goodbye, once its jobs are given back. */
const GOODBYE_MS = 1_000;

export class Engine {
  readonly #options: EngineOptions;
  readonly #parts: EngineParts;
  #started = false;
  #draining: Promise<void> | null = null;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#parts = createParts(options);
  }

  /** Writes that were refused, because their attempt was no longer this instance's. */
  get staleWrites(): number {
    return this.#parts.stale.total;
  }

  get instanceUuid(): string {
    return this.#parts.membership.uuid;
  }

  /** Threads for a job of this lane that is being submitted here; null where it has to wait. */
  seat(lane: Lane): Seat | null {
    return this.#parts.scheduler.seat(lane);
  }

  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    const { membership, services, scheduler, pool } = this.#parts;
    await membership.start();
    for (const service of services) await service.start();
    const { log, workerThreads, queues, isBystander } = this.#options;
    if (isBystander === true) return;
    const fields = { workers: workerThreads.length, threads: workerThreads };
    log.info({ ...fields, queues: queues ?? "all" }, "workers started");
    if (workerThreads.length === 0) return;
    await scheduler.start();
    pool.start();
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
    const { services, threads, membership } = this.#parts;
    const stopped = Promise.all(services.map((service) => service.stop()));
    const ended = stopped.then(() => membership.stop());
    // A thread that is in the middle of native code ends after it, and nobody waits for that.
    const threadsEnd = endsWithin(threads.close(), GOODBYE_MS);
    const hasSaidGoodbye = await endsWithin(ended, GOODBYE_MS);
    await threadsEnd;
    if (hasSaidGoodbye) return;
    this.#options.log.error("the database does not answer");
  }

  async #drain(graceMs: number): Promise<void> {
    const { membership, scheduler, pool, completer, reconciled } = this.#parts;
    membership.drain();
    pool.stop();
    const draining: WorkersToDrain = {
      ...{ scheduler, workers: pool.workers, completer, log: this.#options.log },
      release: (jobs) => pool.release(jobs),
      reconcile: () => giveBackUnanswered(reconciled),
    };
    await drainWorkers(draining, graceMs);
  }
}
