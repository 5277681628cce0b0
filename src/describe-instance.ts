/** What the banner says of an instance. */
import { join } from "node:path";
import type { BannerInfo } from "./banner.ts";
import type { Config } from "./config.ts";
import type { Bus, BusStatus } from "./events/bus.ts";
import type { LoadedJobType } from "./executors/folder/load-job-types.ts";
import type { Database } from "./store/database.ts";
import { VERSION } from "./version.ts";

interface Described {
  readonly db: Database;
  readonly bus: Bus;
  /** Empty if it does not listen. */
  readonly url: string;
  readonly own: readonly LoadedJobType[];
}

export async function describeInstance(
  config: Config,
  { db, bus, url, own }: Described,
): Promise<BannerInfo> {
  return {
    version: VERSION,
    url,
    role: config.role,
    graphiql: config.graphiql,
    readyAfterMs: performance.now(),
    database: await db.describe(),
    bus: describeBus(bus.status()),
    workers: config.workerThreads,
    queues: config.workerQueues,
    jobTypes: describeOwn(config, own),
    mail:
      config.smtpUrl === null
        ? { kind: "folder", path: join(config.dataDir, "mail") }
        : { kind: "smtp", server: new URL(config.smtpUrl).host },
  };
}

function describeOwn(
  { jobTypesDir: folder }: Config,
  own: readonly LoadedJobType[],
): BannerInfo["jobTypes"] {
  if (folder === null) return null;
  return { folder, names: own.map(({ executor }) => executor.type) };
}

function describeBus({ name, connected }: BusStatus): string {
  return connected ? name : `${name} (not connected)`;
}
