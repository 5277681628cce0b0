/**
 * One running server: everything is built here, started in order and stopped in reverse.
 *
 * config → a look at the port → database → bus → live updates → operations → HTTP → engine.
 */
import { join } from "node:path";
import type { Logger } from "pino";
import { createSchemaContext, type SchemaServices, viewerKey } from "../schema/context.ts";
import { createSchema } from "../schema/index.ts";
import { toRequestError } from "../schema/to-request-error.ts";
import type { BannerInfo } from "./banner.ts";
import type { Client } from "./client/index.ts";
import type { Role } from "./config/role.ts";
import type { Config } from "./config.ts";
import { createEngine } from "./create-engine.ts";
import { describeInstance } from "./describe-instance.ts";
import type { StatsFilter } from "./domain/stats.ts";
import { endsWithin } from "./engine/ends-within.ts";
import type { Bus } from "./events/bus.ts";
import { ChangeFeed } from "./events/change-feed.ts";
import { createBus } from "./events/connect-bus.ts";
import { JobLogs } from "./events/job-logs.ts";
import { JobUpdates } from "./events/job-updates.ts";
import { LINES_PAGE } from "./events/log-stream.ts";
import { StatsFeed } from "./events/stats-feed.ts";
import { builtInExecutors } from "./executors/built-in.ts";
import type { Executor } from "./executors/define-executor.ts";
import { assertNew, type LoadedJobType, loadJobTypes } from "./executors/folder/load-job-types.ts";
import { Registry } from "./executors/registry.ts";
import { createHttpServer, type HttpServer } from "./http/http-server.ts";
import { assertPortFree } from "./http/listen.ts";
import type { HttpServerOptions } from "./http/options.ts";
import { createLocalClient } from "./local-client.ts";
import { type Databases, openDatabases } from "./open-databases.ts";
import { createOperations } from "./operations/index.ts";
import type { Seats } from "./operations/seats.ts";
import { StopStack } from "./stop-stack.ts";
import { clusterId } from "./store/cluster-id.ts";
import type { Database } from "./store/database.ts";
import { LaneCatalog } from "./store/lane-catalog.ts";
import { renewLogEpoch } from "./store/log-epoch.ts";
import { migrate } from "./store/migrate.ts";
import { readArtifactHead, readArtifactPart } from "./store/read-artifacts.ts";
import { readJobs } from "./store/read-jobs.ts";
import { LogReader } from "./store/read-log.ts";
import { findLogNews, readLogLines } from "./store/read-log-lines.ts";
import { readStats } from "./store/read-stats.ts";
import { VERSION } from "./version.ts";
import { explainStart, whileAnswering } from "./while-answering.ts";

/** For what only reads, or has nothing more to say, when the database does not answer. */
const CLOSE_MS = 1_000;

export interface Instance {
  /** Empty if it does not listen. */
  readonly url: string;
  readonly banner: BannerInfo;
  /** Drains: no attempt is spent by it, and no live client is told that its stream is complete. */
  stop(): Promise<void>;
  readonly http: HttpServer;
  /** The API inside this process; null where the role has none. */
  readonly client: Client | null;
}

export interface InstanceOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Job types besides the built-in ones and those of the folder. */
  readonly executors?: readonly Executor[];
  /** False: no port is opened, and requests come through `http`. True if not given. */
  readonly listens?: boolean;
}

/** @throws OperatorError if the environment does not allow a start; nothing is left running then */
export async function startInstance(options: InstanceOptions): Promise<Instance> {
  const stack = new StopStack();
  const stop = () => stack.stopAll((name, err) => options.log.error({ err }, `stopping ${name}`));
  try {
    return await build(options, stack, stop);
  } catch (error) {
    await stop();
    throw explainStart(error);
  }
}

async function build(
  options: InstanceOptions,
  stack: StopStack,
  stop: () => Promise<void>,
): Promise<Instance> {
  const { config, log } = options;
  if (options.listens !== false) await assertPortFree(config.port, config.host);
  const own = await loadOwn(config, log);
  const dbs = await openDatabases(config, log);
  // A pool waits for its last statement, and a database that went silent has one for half a minute.
  stack.push("database", () => endsWithin(dbs.close(), CLOSE_MS));
  return whileAnswering(dbs.heartbeat, () => assemble(options, own, dbs, stack, stop));
}

/** Before a database is opened: a mistake in a module should not leave one behind. */
async function loadOwn({ jobTypesDir: folder }: Config, log: Logger): Promise<LoadedJobType[]> {
  if (folder === null) return [];
  const loaded = await loadJobTypes(folder);
  log.info({ folder, types: loaded.map(({ executor }) => executor.type) }, "job types loaded");
  return loaded;
}

async function assemble(
  { config, log, executors = [], listens = true }: InstanceOptions,
  own: readonly LoadedJobType[],
  dbs: Databases,
  stack: StopStack,
  stop: () => Promise<void>,
): Promise<Instance> {
  await prepareStore(dbs, log);
  const lanes = new LaneCatalog(dbs.engine);
  await lanes.load();
  const bus = await startBus(config, dbs, log, stack);
  const registry = createRegistry(config, { executors, own }, log, stack);
  const engine = createEngine(config, { dbs, bus, lanes, executors: registry, log });
  const services = { db: dbs.api, watchDb: dbs.watch, lanes, executors: registry, seats: engine };
  const api = config.role === "worker" ? null : await openApi(config, services, bus, log, stack);
  const http = createHttpServer({
    ...(api?.forServer ?? NO_API),
    config,
    log,
    readiness: () => readiness(dbs),
    about: ABOUT[config.role],
    version: VERSION,
  });
  if (listens) {
    await http.start();
    log.info({ url: http.url, role: config.role }, "listening");
  }
  const { shutdownGraceMs: graceMs } = config;
  stack.push("engine", () => engine.stop(graceMs));
  // Clients are sent elsewhere while running jobs end; each waits for the other's last writes.
  stack.push("HTTP and running jobs", () => {
    const drained = engine.drain(graceMs);
    return Promise.all([http.stop({ graceMs, until: drained }), drained]);
  });
  await engine.start();
  const url = listens ? http.url : "";
  const banner = await describeInstance(config, { db: dbs.engine, bus, url, own });
  return { url, banner, stop, http, client: api?.client ?? null };
}

const NO_API = { schema: null, createContext: () => ({}) };

const ABOUT: Record<Role, string> = {
  all: "This instance serves the API and runs jobs (ROLE=all).",
  api: "This instance serves the API only (ROLE=api); jobs run on others.",
  worker: "This instance runs jobs only (ROLE=worker); the API is on others.",
};

interface ApiServices extends Pick<SchemaServices, "db" | "lanes" | "executors"> {
  /** For live updates, apart from requests. */
  readonly watchDb: Database;
  readonly seats: Seats;
}

interface Api {
  readonly forServer: Pick<
    HttpServerOptions,
    "schema" | "createContext" | "sharing" | "toRequestError" | "artifacts"
  >;
  readonly client: Client;
}

async function openApi(
  config: Config,
  deps: ApiServices,
  bus: Bus,
  log: Logger,
  stack: StopStack,
): Promise<Api> {
  const updates = new JobUpdates({
    bus,
    readJobs: (ids) => readJobs(deps.watchDb, ids),
    log,
    subscriptionsMax: config.subscriptionsMax,
  });
  await updates.start();
  // Stats, and what single clients missed, are not read on the watchers' one or two connections: slow
  // readings would hold up the repair.
  const changes = new ChangeFeed({
    bus,
    source: new LogReader(deps.watchDb, deps.lanes),
    requestSource: new LogReader(deps.db, deps.lanes),
    log,
  });
  changes.start();
  const readFor = (asked: StatsFilter) => readStats(deps.db, deps.lanes, asked);
  const stats = new StatsFeed({ readStats: readFor, log });
  stats.start();
  const logs = new JobLogs({
    bus,
    readLines: (places) =>
      readLogLines(
        deps.watchDb,
        places.map((place) => ({ ...place, first: LINES_PAGE })),
      ),
    findNews: (places) => findLogNews(deps.watchDb, places),
    log,
  });
  logs.start();
  const live = [updates, changes, stats, logs];
  stack.push("live updates", () =>
    endsWithin(Promise.all(live.map((each) => each.stop())), CLOSE_MS),
  );
  const operations = createOperations({ ...deps, bus });
  const services = { ...deps, updates, changes, stats, logs, operations };
  const schema = createSchema();
  const forServer: Api["forServer"] = {
    schema,
    createContext: (origin) => createSchemaContext(services, () => origin.signal),
    sharing: { viewerKey, createContext: () => createSchemaContext(services) },
    toRequestError,
    artifacts: {
      head: (key) => readArtifactHead(deps.db, key),
      part: (key, from, length) => readArtifactPart(deps.db, key, from, length),
    },
  };
  const client = createLocalClient(schema, (signal) => createSchemaContext(services, () => signal));
  return { forServer, client };
}

async function prepareStore(dbs: Databases, log: Logger): Promise<void> {
  const { name } = await dbs.engine.describe();
  log.info({ database: name, poolSize: dbs.connections }, "connected to the database");
  const { applied, version } = await migrate(dbs.engine, { log });
  if (applied.length > 0) log.info({ applied, version }, "database migrated");
  const epoch = await renewLogEpoch(dbs.engine);
  if (epoch !== null) log.warn({ epoch }, "transaction ids were reset: the event log begins anew");
}

async function startBus(
  config: Config,
  dbs: Databases,
  log: Logger,
  stack: StopStack,
): Promise<Bus> {
  const prefix = `vinyasa:${await clusterId(dbs.engine)}`;
  const bus = createBus({ redisUrl: config.redisUrl, prefix, log });
  await bus.start();
  stack.push("bus", () => bus.stop());
  return bus;
}

interface MoreTypes {
  readonly executors: readonly Executor[];
  readonly own: readonly LoadedJobType[];
}

function createRegistry(
  config: Config,
  { executors, own }: MoreTypes,
  log: Logger,
  stack: StopStack,
): Registry {
  const folder = join(config.dataDir, "mail");
  const mail = { smtpUrl: config.smtpUrl, from: config.mailFrom, folder };
  const { webhookAllow: allow, webhookSecrets: secrets } = config;
  const userAgent = `Vinyasa/${VERSION}`;
  const webhook = { userAgent, allow, secrets };
  const given = [
    ...builtInExecutors({ mail, webhook, image: { userAgent, allow }, log }),
    ...executors,
  ];
  assertNew(config.jobTypesDir ?? "", own, given);
  const registry = new Registry([...given, ...own.map(({ executor }) => executor)]);
  stack.push("executors", () => registry.close());
  return registry;
}

const PING = {
  name: "ping",
  text: "/* ping */ select current_setting('transaction_read_only') = 'off' as writable",
};

/**
 * Migrations ran before the server listened: what may be missing is the database itself. Asked on the
 * engine's connections, which no caller's query can use up.
 */
async function readiness(dbs: Databases) {
  try {
    const [row] = await dbs.engine.query<{ writable: boolean }>(PING);
    if (row?.writable === true) return { ready: true } as const;
    return { ready: false, reason: "the database is read-only" } as const;
  } catch {
    return { ready: false, reason: "the database cannot be reached" } as const;
  }
}
