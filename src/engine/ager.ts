/** Moves jobs that have been passed over for too long to the front of their lanes. */
import type { Logger } from "pino";
import type { Bus } from "../events/bus.ts";
import { ageJobs } from "../store/age-jobs.ts";
import type { Database } from "../store/database.ts";
import { PacedLoop } from "./paced-loop.ts";

export interface AgerOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Logger;
  /** Between two rounds: how much later than its bound a job may move. */
  readonly pollIntervalMs: number;
  /** Time that a ready job lets others go first. */
  readonly waitMaxMs: number;
}

/** So many at once: there are more. */
const MANY = 1_000;
const PAUSE_MS = 100;

/** Nothing that anybody watches changes, so there are no events: the schedulers are woken. */
export function createAger({ db, bus, log, pollIntervalMs, waitMaxMs }: AgerOptions): PacedLoop {
  const act = async () => {
    const lanes = await ageJobs(db, waitMaxMs);
    if (lanes.length === 0) return null;
    // They remember where live rows begin in a lane, and these come before.
    bus.wake({ lanes: lanes.map(({ lane }) => lane) });
    const jobs = lanes.reduce((sum, each) => sum + each.jobs, 0);
    log.debug({ jobs, lanes: lanes.length }, "passed over for too long, moved to the front");
    return jobs >= MANY ? PAUSE_MS : null;
  };
  return new PacedLoop({ name: "ager", log, floorMs: pollIntervalMs, act });
}
