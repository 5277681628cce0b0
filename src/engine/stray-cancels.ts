/**
 * Settles requests to cancel whose job is not where they say: it ended in the same moment, or its
 * instance lost it. What has ended stays as it is; what waits is cancelled; and if another instance
 * runs it by now, that one is told.
 */
import type { Logger } from "pino";
import type { Bus } from "../events/bus.ts";
import { cancelPending } from "../store/cancel-jobs.ts";
import { closeCancels, findStrayCancels } from "../store/cancellations.ts";
import type { Database } from "../store/database.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";
import { announceMoved } from "./announce-moved.ts";
import { PacedLoop } from "./paced-loop.ts";

export interface StrayCancelsOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly lanes: LaneCatalog;
  readonly log: Logger;
}

/** The floor, for requests to instances that are gone: others call for a round. */
const EVERY_MS = 5_000;
const BATCH = 1_000;

export function createStrayCancels({ db, bus, lanes, log }: StrayCancelsOptions): PacedLoop {
  const act = async () => {
    const ids = await findStrayCancels(db, BATCH);
    if (ids.length === 0) return null;
    const jobs = await cancelPending(db, ids);
    announceMoved(
      bus,
      lanes,
      jobs.filter(({ running }) => running === null),
    );
    const instances = jobs.flatMap(({ running }) => (running === null ? [] : [running.instance]));
    if (instances.length > 0) bus.wake({ cancels: [...new Set(instances)] });
    await closeCancels(db, ids);
    return ids.length === BATCH ? 0 : null;
  };
  return new PacedLoop({ name: "stray cancels", log, floorMs: EVERY_MS, act });
}
