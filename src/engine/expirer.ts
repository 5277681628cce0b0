/** Cancels jobs that were not started before their `expiresAt`. */
import type { Logger } from "pino";
import type { Bus } from "../events/bus.ts";
import type { Database } from "../store/database.ts";
import { expireJobs } from "../store/expire-jobs.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";
import { announceMoved } from "./announce-moved.ts";
import { PacedLoop } from "./paced-loop.ts";
import { Turn } from "./turn.ts";

export interface ExpirerOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly lanes: LaneCatalog;
  readonly log: Logger;
}

const EVERY_MS = 1_000;
const BATCH = 1_000;

/** The claim passes over expired jobs; this ends them. */
export function createExpirer({ db, bus, lanes, log }: ExpirerOptions): PacedLoop {
  const turn = new Turn({ turns: bus.turns, name: "expirer", everyMs: EVERY_MS });
  const expire = async () => {
    const jobs = await expireJobs(db, BATCH);
    announceMoved(bus, lanes, jobs);
    return jobs.length === BATCH ? 0 : null;
  };
  const act = () => turn.go(expire);
  return new PacedLoop({ name: "expirer", log, floorMs: EVERY_MS, act });
}
