/** Moves jobs whose time has come from SCHEDULED to PENDING, on time. */
import type { Logger } from "pino";
import type { Bus } from "../events/bus.ts";
import type { Database } from "../store/database.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";
import { promoteJobs, readNextDue } from "../store/promote-jobs.ts";
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
  /** How far the database's clock is ahead of this one, as of the last look. */
  #clockAheadMs = 0;

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

  /** A job waits for this time (milliseconds since 1970, by the database's clock). */
  expect(dueAtMs: number): void {
    this.#loop.wakeIn(dueAtMs - Date.now() - this.#clockAheadMs);
  }

  async #promote(): Promise<number | null> {
    const { db, bus, lanes } = this.#options;
    const jobs = await promoteJobs(db, BATCH);
    announceMoved(bus, lanes, jobs);
    if (jobs.length === BATCH) return 0;
    const askedAtMs = Date.now();
    const { waitMs, nowMs } = await readNextDue(db);
    // By the time of the answer too much: better early, which costs a second look, than late.
    this.#clockAheadMs = nowMs - askedAtMs;
    return waitMs === null ? null : Math.max(waitMs, 1);
  }
}
