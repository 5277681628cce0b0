/** What resolvers work with. */
import type { LinePlace } from "../src/domain/log-line.ts";
import type { LogPosition } from "../src/domain/log-position.ts";
import type { StatsFilter, StatsRecord } from "../src/domain/stats.ts";
import type { ChangeFeed } from "../src/events/change-feed.ts";
import type { ChangeFilter } from "../src/events/change-filter.ts";
import type { ChangeStream } from "../src/events/change-stream.ts";
import type { JobLogs } from "../src/events/job-logs.ts";
import type { JobUpdates } from "../src/events/job-updates.ts";
import type { LogStream } from "../src/events/log-stream.ts";
import type { StatsFeed } from "../src/events/stats-feed.ts";
import type { Executor } from "../src/executors/define-executor.ts";
import type { Registry } from "../src/executors/registry.ts";
import type { Operations } from "../src/operations/index.ts";
import type { Database } from "../src/store/database.ts";
import type { LaneCatalog } from "../src/store/lane-catalog.ts";
import type { JobListQuery, JobPage } from "../src/store/list-jobs.ts";
import { listJobs } from "../src/store/list-jobs.ts";
import { type InstanceRecord, readInstances } from "../src/store/read-instances.ts";
import { readStats } from "../src/store/read-stats.ts";
import { createLoaders, type Loaders } from "./loaders.ts";

/** What lives as long as the server. */
export interface SchemaServices {
  readonly db: Database;
  readonly lanes: LaneCatalog;
  readonly executors: Registry;
  readonly operations: Operations;
  readonly updates: JobUpdates;
  readonly changes: ChangeFeed;
  readonly stats: StatsFeed;
  readonly logs: JobLogs;
}

/** Of one execution. Plain properties only: Yoga copies them into an object of its own. */
export interface SchemaContext {
  readonly operations: Operations;
  readonly updates: JobUpdates;
  readonly jobTypes: () => readonly Executor[];
  readonly listJobs: (query: JobListQuery) => Promise<JobPage>;
  readonly watchChanges: (filter: ChangeFilter, after: LogPosition | null) => ChangeStream;
  /** Of the event log, now. */
  readonly readPosition: () => Promise<LogPosition>;
  readonly readStats: (filter: StatsFilter) => Promise<StatsRecord>;
  readonly watchStats: (
    filter: StatsFilter,
    intervalMs: number,
  ) => AsyncIterableIterator<StatsRecord>;
  readonly watchLogs: (id: string, after: LinePlace) => LogStream;
  readonly readInstances: () => Promise<InstanceRecord[]>;
  readonly signal: () => AbortSignal | null;
  /** They remember what they read: a subscription replaces them before each event. */
  loaders: Loaders;
  readonly createLoaders: () => Loaders;
}

/**
 * A fresh one for every query, mutation and subscription.
 *
 * @param signal aborts when the client leaves; asked for by subscriptions only, since making one costs
 */
export function createSchemaContext(
  services: SchemaServices,
  signal: () => AbortSignal | null = () => null,
): SchemaContext {
  const { db, lanes, executors, operations, updates, changes, stats, logs } = services;
  const createFresh = () => createLoaders(db, operations.lookUpJobs);
  return {
    operations,
    updates,
    jobTypes: () => executors.all(),
    listJobs: (query) => listJobs(db, lanes, query),
    watchChanges: (filter, after) => changes.watch(filter, after),
    readPosition: () => changes.readPosition(),
    readStats: (filter) => readStats(db, lanes, filter),
    watchStats: (filter, intervalMs) => stats.watch(filter, intervalMs),
    watchLogs: (id, after) => logs.watch(id, after),
    readInstances: () => readInstances(db),
    signal,
    loaders: createFresh(),
    createLoaders: createFresh,
  };
}

/**
 * What an answer may depend on besides the operation. Subscriptions with the same key share executions
 * in a context that is made from the key alone. Null would mean: share with nobody. Everyone may see
 * everything so far.
 */
export function viewerKey(_context: SchemaContext): string | null {
  return "everyone";
}
