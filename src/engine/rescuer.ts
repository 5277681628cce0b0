/** Takes jobs back from instances that died. Every instance runs one; several at once are harmless. */
import type { Logger } from "pino";
import type { Bus } from "../events/bus.ts";
import type { Database } from "../store/database.ts";
import {
  type DeadInstance,
  endedInstancesWithJobs,
  markDeadInstances,
  markOtherInstancesDead,
} from "../store/dead-instances.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";
import type { MovedJob } from "../store/moved-job.ts";
import { LOST, readLostLanes, rescueJobs } from "../store/rescue-jobs.ts";
import { announceMoved } from "./announce-moved.ts";
import { FailedJobsLog } from "./failed-jobs-log.ts";
import type { Membership } from "./membership.ts";
import { PacedLoop } from "./paced-loop.ts";
import type { Service } from "./service.ts";
import { Turn } from "./turn.ts";

export interface RescuerOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly lanes: LaneCatalog;
  readonly membership: Pick<Membership, "id" | "trustsLocks" | "mayDeclareDead">;
  readonly log: Logger;
  readonly leaseMs: number;
  readonly deadAfterMs: number;
}

const BATCH = 1_000;
/** Looking for jobs of instances that ended long ago reads all running rows. */
const SWEEP_EVERY_MS = 10_000;
const SWEEP_SOON_MS = 500;

export class Rescuer implements Service {
  readonly #options: RescuerOptions;
  readonly #loop: PacedLoop;
  readonly #turn: Turn;
  readonly #failures: FailedJobsLog;
  #sweepAt = 0;
  #first = true;

  constructor(options: RescuerOptions) {
    this.#options = options;
    const { log, bus } = options;
    const floorMs = Math.min(1_000, options.deadAfterMs / 2);
    this.#failures = new FailedJobsLog(log);
    this.#turn = new Turn({ turns: bus.turns, name: "rescuer", everyMs: floorMs });
    this.#loop = new PacedLoop({ name: "rescuer", log, floorMs, act: () => this.#round() });
  }

  async start(): Promise<void> {
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    this.#failures.flush();
  }

  /** Looks for orphaned jobs of ended instances now. */
  sweep(): void {
    this.#sweepAt = 0;
    this.#loop.wake();
  }

  /** At the start, and when this instance was given up itself, it looks whoever's turn it is. */
  #round(): Promise<null> {
    return this.#sweepAt === 0 ? this.#rescue() : this.#turn.go(() => this.#rescue());
  }

  async #rescue(): Promise<null> {
    const { db, log } = this.#options;
    const dead = await this.#findDead();
    for (const { uuid, hostname, pid } of dead) {
      log.warn({ instance: uuid, hostname, pid }, "instance is dead, taking its jobs back");
    }
    const ids = new Set(dead.map((instance) => instance.id));
    if (performance.now() >= this.#sweepAt) {
      this.#sweepAt = performance.now() + SWEEP_EVERY_MS;
      for (const instance of await endedInstancesWithJobs(db)) ids.add(instance.id);
    }
    // For what a cancel holds at this moment, or a late claim brings.
    if (dead.length > 0) this.#sweepAt = performance.now() + SWEEP_SOON_MS;
    if (ids.size > 0) await this.#takeBackOrSweep([...ids]);
    return null;
  }

  /** On an embedded store, all others when it starts, and nobody later: one process can hold it. */
  async #findDead(): Promise<DeadInstance[]> {
    const { db, membership, leaseMs, deadAfterMs } = this.#options;
    if (db.kind === "postgres") {
      if (!membership.mayDeclareDead) return [];
      const { id: observer, trustsLocks } = membership;
      return markDeadInstances(db, { leaseMs, deadAfterMs, observer, trustsLocks });
    }
    const dead = this.#first ? await markOtherInstancesDead(db, membership.id) : [];
    this.#first = false;
    return dead;
  }

  /** They are marked as ended: if this breaks off, only a sweep finds the rest. */
  async #takeBackOrSweep(instances: readonly number[]): Promise<void> {
    try {
      await this.#takeBack(instances);
    } catch (error) {
      this.#sweepAt = 0;
      throw error;
    }
  }

  async #takeBack(instances: readonly number[]): Promise<void> {
    const { db, bus, lanes, log } = this.#options;
    const suspects = await lanes.internSuspects(await readLostLanes(db, instances));
    for (let rescued = BATCH; rescued === BATCH; ) {
      const jobs = await rescueJobs(db, instances, suspects, BATCH);
      rescued = jobs.length;
      announceMoved(bus, lanes, jobs);
      this.#tellFailed(jobs);
      if (rescued > 0) log.warn({ jobs: rescued }, "took jobs back from dead instances");
    }
  }

  /** Those that have no attempt left. */
  #tellFailed(jobs: readonly MovedJob[]): void {
    for (const { id, lane, to, attempt } of jobs) {
      if (to !== "FAILED") continue;
      const type = this.#options.lanes.get(lane)?.type ?? null;
      this.#failures.add({ id, type, attempt, code: LOST });
    }
  }
}
