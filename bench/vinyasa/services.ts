/** What the API's schema works with, over the server's parts. Live updates are not started. */
import type { SchemaServices } from "../../dist/schema/context.js";
import { ChangeFeed } from "../../dist/src/events/change-feed.js";
import { JobUpdates } from "../../dist/src/events/job-updates.js";
import { StatsFeed } from "../../dist/src/events/stats-feed.js";
import { readJobs } from "../../dist/src/store/read-jobs.js";
import { LogReader } from "../../dist/src/store/read-log.js";
import { readStats } from "../../dist/src/store/read-stats.js";
import { log, type Parts } from "./parts.ts";

export function servicesOf(
  { dbs: { api, watch }, lanes, executors, operations, bus }: Parts,
  { subscriptionsMax }: { readonly subscriptionsMax: number },
): SchemaServices {
  const read = (ids: readonly string[]) => readJobs(watch, ids);
  return {
    ...{ db: api, lanes, executors, operations },
    updates: new JobUpdates({ bus, readJobs: read, log, subscriptionsMax }),
    changes: new ChangeFeed({ bus, source: new LogReader(watch, lanes), log }),
    stats: new StatsFeed({ readStats: (filter) => readStats(watch, lanes, filter), log }),
  };
}
