/** What an engine is made of, and how it shall behave. */
import type { Logger } from "pino";
import type { Bus } from "../events/bus.ts";
import type { Registry } from "../executors/registry.ts";
import type { Database } from "../store/database.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";

export interface EngineOptions {
  /** For claims and outcomes. */
  readonly db: Database;
  /** For the heartbeat alone; the same as `db` on an embedded store. */
  readonly heartbeatDb: Database;
  readonly bus: Bus;
  readonly lanes: LaneCatalog;
  readonly executors: Registry;
  readonly log: Logger;
  /** The instance is only to be seen among the others: it runs no jobs and none of the services. */
  readonly isBystander?: boolean;
  /** One entry a worker. */
  readonly workerThreads: readonly number[];
  /** Null: all. */
  readonly queues: readonly string[] | null;
  readonly pollIntervalMs: number;
  readonly leaseMs: number;
  /** Three seconds, or the lease if that is shorter. */
  readonly deadAfterMs?: number;
  readonly heartbeatMs: number;
  /** Time that a ready job lets higher priorities go first; 60,000 if not given. */
  readonly priorityWaitMs?: number;
  /** Age of a running row that nobody here knows before it is given back; for tests. */
  readonly reconcileAfterMs?: number;
}
