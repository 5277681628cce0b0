/** Chooses the bus: Redis between instances, or none. */
import type { Logger } from "pino";
import type { Bus } from "./bus.ts";
import { InProcessBus } from "./in-process-bus.ts";
import { RedisBus } from "./redis-bus.ts";

export interface BusOptions {
  /** `redis://` or `rediss://`. Null: everything stays in this process. */
  readonly redisUrl: string | null;
  /**
   * Begins every channel name. Instances that share a database share a prefix. Channels know no
   * Redis database number: two deployments on one Redis need two prefixes.
   */
  readonly prefix: string;
  readonly log: Logger;
}

/** Connects nothing yet: `start` does. */
export function createBus({ redisUrl, prefix, log }: BusOptions): Bus {
  return redisUrl === null ? new InProcessBus(log) : new RedisBus({ redisUrl, prefix, log });
}
