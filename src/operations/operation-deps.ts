/** What the operations stand on, handed in once by the composition root. */
import type { Bus } from "../events/bus.ts";
import type { Registry } from "../executors/registry.ts";
import type { Database } from "../store/database.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";
import type { Seats } from "./seats.ts";

export interface OperationLimits {
  /** Jobs in one `submitJobs`. */
  readonly bulkJobsMax: number;
  /** Single submits that wait for their INSERT, and the characters of their payloads. */
  readonly waitingSubmitsMax: number;
  readonly waitingCharsMax: number;
}

export const DEFAULT_OPERATION_LIMITS: OperationLimits = {
  bulkJobsMax: 10_000,
  waitingSubmitsMax: 10_000,
  waitingCharsMax: 256 * 2 ** 20,
};

export interface OperationDeps {
  readonly db: Database;
  readonly lanes: LaneCatalog;
  readonly executors: Registry;
  readonly bus: Bus;
  readonly seats: Seats;
  readonly limits: OperationLimits;
}
