/** The engine as a configuration says. */
import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { Engine } from "./engine/engine.ts";
import type { Bus } from "./events/bus.ts";
import type { Registry } from "./executors/registry.ts";
import type { Databases } from "./open-databases.ts";
import type { LaneCatalog } from "./store/lane-catalog.ts";

export interface EngineSurroundings {
  readonly dbs: Databases;
  readonly bus: Bus;
  readonly lanes: LaneCatalog;
  readonly executors: Registry;
  readonly log: Logger;
}

/** Not started. */
export function createEngine(
  config: Config,
  { dbs, bus, lanes, executors, log }: EngineSurroundings,
): Engine {
  const { workerThreads, workerQueues: queues, pollIntervalMs, priorityWaitMs } = config;
  const { deadAfterMs, leaseMs, heartbeatMs } = config;
  return new Engine({
    db: dbs.engine,
    heartbeatDb: dbs.heartbeat,
    bus,
    lanes,
    executors,
    log,
    isBystander: config.role === "api",
    workerThreads,
    queues,
    pollIntervalMs,
    deadAfterMs,
    leaseMs,
    heartbeatMs,
    priorityWaitMs,
  });
}
