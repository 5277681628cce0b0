/**
 * Gives back jobs that the database says run here and that nobody here knows.
 *
 * A claim may commit after its connection broke: then its answer never comes, its jobs are RUNNING
 * under an instance that is alive, and neither a timeout nor a rescue would ever end them. Whatever
 * else should lose a job in this process is found in the same way.
 */
import type { Logger } from "pino";
import type { Bus } from "../events/bus.ts";
import type { Database } from "../store/database.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";
import { readClaimed, releaseClaims } from "../store/rescue-jobs.ts";
import { announceMoved } from "./announce-moved.ts";
import type { ClaimLedger } from "./claim-ledger.ts";
import type { Membership } from "./membership.ts";
import { PacedLoop } from "./paced-loop.ts";

export interface ReconcilerOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly lanes: LaneCatalog;
  readonly membership: Membership;
  readonly ledger: ClaimLedger;
  readonly log: Logger;
  /** Longer than any answer of the database may take. */
  readonly olderThanMs?: number;
}

/** It reads all running rows. */
const EVERY_MS = 10_000;
/** A statement is given up by this side after 32 s. */
const OLDER_THAN_MS = 40_000;

export function createReconciler(options: ReconcilerOptions): PacedLoop {
  const { db, bus, lanes, membership, ledger, log, olderThanMs = OLDER_THAN_MS } = options;
  const act = async () => {
    const instance = membership.id;
    const rows = await readClaimed(db, instance, olderThanMs);
    const unknown = rows.filter(({ id, token }) => !ledger.has(id, token));
    if (unknown.length === 0 || membership.id !== instance) return null;
    const jobs = await releaseClaims(db, instance, unknown);
    announceMoved(bus, lanes, jobs);
    if (jobs.length > 0) log.warn({ jobs: jobs.length }, "gave back jobs that nobody here runs");
    return null;
  };
  const floorMs = Math.min(EVERY_MS, olderThanMs);
  return new PacedLoop({ name: "reconciler", log, floorMs, act });
}
