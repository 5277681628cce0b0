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
import { type ClaimedRow, readClaimed, releaseClaims } from "../store/rescue-jobs.ts";
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
const SWEEP_EVERY_MS = 10_000;
const LOOK_EVERY_MS = 1_000;
/** A statement is given up by this side after 32 s. */
const OLDER_THAN_MS = 40_000;

/**
 * Rows of claims that are known to have ended without an answer go back within a second or two: when
 * PostgreSQL crashes, there are some every time. They are looked for as long as the server may still
 * be running the statement; after that, and for everything else, rows of any age above are swept.
 */
export function createReconciler(options: ReconcilerOptions): PacedLoop {
  const { membership, ledger, log, db, olderThanMs = OLDER_THAN_MS } = options;
  let sweepAt = 0;
  const act = async () => {
    const instance = membership.id;
    const unanswered = ledger.unanswered(olderThanMs);
    if (unanswered.size > 0) {
      const rows = await readClaimed(db, instance, 0);
      await giveBack(
        options,
        instance,
        rows.filter(({ token }) => unanswered.has(token)),
      );
    }
    if (performance.now() < sweepAt) return null;
    const rows = await readClaimed(db, instance, olderThanMs);
    await giveBack(
      options,
      instance,
      rows.filter(({ id, token }) => !ledger.has(id, token)),
    );
    sweepAt = performance.now() + Math.min(SWEEP_EVERY_MS, olderThanMs);
    return null;
  };
  const floorMs = Math.min(LOOK_EVERY_MS, olderThanMs);
  return new PacedLoop({ name: "reconciler", log, floorMs, act });
}

async function giveBack(
  { db, bus, lanes, membership, log }: ReconcilerOptions,
  instance: number,
  unknown: readonly ClaimedRow[],
): Promise<void> {
  if (unknown.length === 0 || membership.id !== instance) return;
  const jobs = await releaseClaims(db, instance, unknown);
  announceMoved(bus, lanes, jobs);
  if (jobs.length > 0) log.warn({ jobs: jobs.length }, "gave back jobs that nobody here runs");
}
