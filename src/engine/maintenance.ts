/** The database's housekeeping, at a calm pace: counters, event partitions, the embedded store. */
import type { Logger } from "pino";
import type { Database } from "../store/database.ts";
import { ensureEventPartitions } from "../store/event-partitions.ts";
import { rollUpCounters } from "../store/roll-up-counters.ts";
import { PacedLoop } from "./paced-loop.ts";
import type { Service } from "./service.ts";

const COUNTERS_EVERY_MS = 1_000;
const PARTITIONS_EVERY_MS = 3_600_000;
const EMBEDDED_EVERY_MS = 10_000;
const PARTITION_DAYS_AHEAD = 7;

export class Maintenance implements Service {
  readonly #loops: readonly PacedLoop[];

  constructor(db: Database, log: Logger) {
    const loop = (name: string, floorMs: number, work: () => Promise<unknown>) =>
      new PacedLoop({ name, log, floorMs, act: () => work().then(() => null) });
    this.#loops = [
      loop("counters", COUNTERS_EVERY_MS, () => rollUpCounters(db)),
      loop("event partitions", PARTITIONS_EVERY_MS, () =>
        ensureEventPartitions(db, { daysAhead: PARTITION_DAYS_AHEAD, log }),
      ),
      loop("database upkeep", EMBEDDED_EVERY_MS, () => db.maintain()),
    ];
  }

  async start(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }
}
