/** The database's housekeeping, at a calm pace: counters, event partitions, the embedded store. */
import type { Logger } from "pino";
import type { Turns } from "../events/turns.ts";
import type { Database } from "../store/database.ts";
import { removeEndedInstances } from "../store/dead-instances.ts";
import { ensureEventPartitions } from "../store/event-partitions.ts";
import { rollUpCounters } from "../store/roll-up-counters.ts";
import { PacedLoop } from "./paced-loop.ts";
import type { Service } from "./service.ts";
import { Turn } from "./turn.ts";

const HOUR = 3_600_000;
const COUNTERS_EVERY_MS = 1_000;
const PARTITIONS_EVERY_MS = HOUR;
const PARTITION_DAYS_AHEAD = 7;
const INSTANCES_EVERY_MS = HOUR;
/** A month: as long as somebody may ask which server ran an attempt. */
const INSTANCE_KEPT_MS = 30 * 24 * HOUR;
const INSTANCES_BATCH = 1_000;
const EMBEDDED_EVERY_MS = 10_000;

export class Maintenance implements Service {
  readonly #loops: readonly PacedLoop[];

  constructor(db: Database, turns: Turns, log: Logger) {
    const loop = (name: string, floorMs: number, work: () => Promise<unknown>) =>
      new PacedLoop({ name, log, floorMs, act: () => work().then(() => null) });
    const counters = new Turn({ turns, name: "counters", everyMs: COUNTERS_EVERY_MS });
    this.#loops = [
      loop("counters", COUNTERS_EVERY_MS, () => counters.go(() => rollUpCounters(db))),
      loop("event partitions", PARTITIONS_EVERY_MS, () =>
        ensureEventPartitions(db, { daysAhead: PARTITION_DAYS_AHEAD, log }),
      ),
      loop("old instances", INSTANCES_EVERY_MS, () =>
        removeEndedInstances(db, INSTANCE_KEPT_MS, INSTANCES_BATCH),
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
