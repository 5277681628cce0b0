/** Moves jobs whose time has come from SCHEDULED to PENDING, on time. */
import type { Logger } from "pino";
import type { Bus } from "../events/bus.ts";
import type { Database } from "../store/database.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";
import { nextDueMs, promoteJobs } from "../store/promote-jobs.ts";
import { announceMoved } from "./announce-moved.ts";
import { PacedLoop } from "./paced-loop.ts";
import type { Service } from "./service.ts";

export interface PromoterOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly lanes: LaneCatalog;
  readonly log: Logger;
  readonly pollIntervalMs: number;
}

const BATCH = 1_000;

/**
 * Sleeps until the earliest due time, by the database's clock, or the poll. Whoever schedules a job,
 * here or elsewhere, tells the due time through the bus, so an earlier one shortens the sleep.
 */
export class Promoter implements Service {
  readonly #options: PromoterOptions;
  readonly #loop: PacedLoop;
  #stopListening: (() => void) | null = null;

  constructor(options: PromoterOptions) {
    this.#options = options;
    const { log, pollIntervalMs } = options;
    const act = () => this.#promote();
    this.#loop = new PacedLoop({ name: "promoter", log, floorMs: pollIntervalMs, act });
  }

  async start(): Promise<void> {
    this.#stopListening ??= this.#options.bus.onWake(({ dueAtMs }) => {
      if (dueAtMs !== undefined) this.expect(dueAtMs);
    });
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#stopListening?.();
    this.#stopListening = null;
    await this.#loop.stop();
  }

  /** A job waits for this time (milliseconds since 1970). */
  expect(dueAtMs: number): void {
    // A clock that runs behind the database's only looks early, finds nothing due, and sleeps on.
    this.#loop.wakeIn(dueAtMs - Date.now());
  }

  async #promote(): Promise<number | null> {
    const { db, bus, lanes } = this.#options;
    const jobs = await promoteJobs(db, BATCH);
    announceMoved(bus, lanes, jobs);
    if (jobs.length === BATCH) return 0;
    const waitMs = await nextDueMs(db);
    return waitMs === null ? null : Math.max(waitMs, 1);
  }
}
