/** One server process of the simulated fleet: the real engine and the real live updates. */
import { pino } from "pino";
import { endsWithin } from "../../src/engine/ends-within.ts";
import { Engine } from "../../src/engine/engine.ts";
import { JobUpdates } from "../../src/events/job-updates.ts";
import type { Registry } from "../../src/executors/registry.ts";
import {
  DEFAULT_OPERATION_LIMITS,
  type OperationDeps,
} from "../../src/operations/operation-deps.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import type { Network } from "./network.ts";
import type { Plan } from "./plan.ts";
import type { Server } from "./server.ts";
import { type BusWire, SimBus } from "./sim-bus.ts";
import { type Line, SimDatabase } from "./sim-database.ts";
import { VirtualProcess } from "./virtual-process.ts";
import type { VirtualTime } from "./virtual-time.ts";

const log = pino({ level: "silent" });
/** For running jobs, as `SHUTDOWN_GRACE_MS`. */
export const STOP_GRACE_MS = 1_000;
const CLOSE_MS = 1_000;

export interface Surroundings {
  readonly plan: Plan;
  readonly time: VirtualTime;
  readonly server: Server;
  readonly network: Network;
  readonly wire: BusWire;
  readonly executors: Registry;
}

export class SimInstance {
  readonly process: VirtualProcess;
  /** To the database: of everything, and of the heartbeat alone. */
  readonly lines = { all: newLine(), heartbeat: newLine() };
  /** For what clients ask. */
  readonly api: SimDatabase;
  readonly bus: SimBus;
  readonly lanes: LaneCatalog;
  readonly updates: JobUpdates;
  /** What its operations stand on. */
  readonly deps: OperationDeps;
  readonly #engine: Engine;
  /** It serves clients. */
  isReady = false;

  /** @param index of its settings in the plan */
  constructor(index: number, name: string, surroundings: Surroundings) {
    const { plan, time, server, network, wire, executors } = surroundings;
    const { threads = [1], skewMs = 0 } = plan.instances[index] ?? {};
    this.process = new VirtualProcess(name, skewMs);
    const { leaseMs, heartbeatMs, pollIntervalMs } = plan;
    const lines = [this.lines.all];
    const base = { time, server, network, lines, process: this.process, connectMs: 2_000 };
    this.api = new SimDatabase({ ...base, connections: 5, answerMs: 3_000 });
    const db = new SimDatabase({ ...base, connections: 8, answerMs: 2 * leaseMs });
    const heartbeat = { connections: 1, connectMs: leaseMs / 6, answerMs: leaseMs / 4 };
    const heartbeatDb = new SimDatabase({
      ...{ ...base, ...heartbeat },
      lines: [this.lines.all, this.lines.heartbeat],
    });
    this.bus = new SimBus(wire, this.process);
    this.lanes = new LaneCatalog(db);
    const { bus, lanes } = this;
    this.updates = new JobUpdates({
      ...{ bus, log, subscriptionsMax: 1_000 },
      readJobs: (ids) => readJobs(this.api, ids),
    });
    this.#engine = new Engine({
      ...{ db, heartbeatDb, bus, lanes, executors, log, workerThreads: threads, queues: null },
      ...{ pollIntervalMs, leaseMs, heartbeatMs, priorityWaitMs: 5_000 },
      reconcileAfterMs: 2.6 * leaseMs,
    });
    const limits = DEFAULT_OPERATION_LIMITS;
    this.deps = { db: this.api, bus, lanes, executors, limits, seats: this.#engine };
  }

  /** As `src/instance.ts` does. What cannot start, ends. */
  async start(): Promise<void> {
    try {
      await this.lanes.load();
      await this.bus.start();
      await this.updates.start();
      await this.#engine.start();
      this.isReady = true;
    } catch {
      this.process.crash();
    }
  }

  /** As on SIGTERM. */
  async stop(): Promise<void> {
    this.isReady = false;
    await this.#engine.stop(STOP_GRACE_MS);
    await endsWithin(this.updates.stop(), CLOSE_MS);
    await this.bus.stop();
    this.process.crash();
  }
}

function newLine(): Line {
  return { cutUntilMs: 0, fault: "before" };
}
