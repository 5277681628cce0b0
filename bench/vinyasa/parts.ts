/** The server's parts without its HTTP: as `src/instance.ts` puts them together. */
import { pino } from "pino";
import { type Config, loadConfig } from "../../dist/src/config.js";
import { createEngine } from "../../dist/src/create-engine.js";
import type { Engine } from "../../dist/src/engine/engine.js";
import type { Bus } from "../../dist/src/events/bus.js";
import { createBus } from "../../dist/src/events/connect-bus.js";
import { Registry } from "../../dist/src/executors/registry.js";
import { type Databases, openDatabases } from "../../dist/src/open-databases.js";
import { createOperations, type Operations } from "../../dist/src/operations/index.js";
import { type Lane, LaneCatalog } from "../../dist/src/store/lane-catalog.js";
import { migrate } from "../../dist/src/store/migrate.js";
import type { SideEnvironment } from "../harness/side.ts";
import { noopExecutor } from "./noop.ts";

/** Warnings would be news: they go to standard error. */
export const log = pino({ level: "warn" }, pino.destination(2));

export interface Parts {
  readonly dbs: Databases;
  readonly lanes: LaneCatalog;
  readonly executors: Registry;
  readonly bus: Bus;
  readonly operations: Operations;
  /** Not started. */
  createEngine(): Engine;
  close(): Promise<void>;
}

/** As the server would read them from its environment: everything at its default but the servers. */
export function configFor({ databaseUrl, redisUrl }: SideEnvironment): Config {
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, PORT: "0", WORKER_THREADS: "24" };
  return loadConfig(env, { envFile: null }).config;
}

/** @param onRun called when a job's code runs */
export async function openParts(
  environment: SideEnvironment,
  onRun: (payload: { id: number }) => void = () => {},
): Promise<Parts> {
  const config = configFor(environment);
  const dbs = await openDatabases(config, log);
  await migrate(dbs.engine, { log });
  const lanes = new LaneCatalog(dbs.engine);
  await lanes.load();
  const bus = createBus({ redisUrl: config.redisUrl, prefix: environment.prefix, log });
  await bus.start();
  const executors = new Registry([noopExecutor(onRun)]);
  let engine: Engine | null = null;
  const seats = { seat: (lane: Lane) => engine?.seat(lane) ?? null };
  const operations = createOperations({ db: dbs.api, lanes, executors, bus, seats });
  return {
    dbs,
    lanes,
    executors,
    bus,
    operations,
    createEngine: () => {
      engine = createEngine(config, { dbs, bus, lanes, executors, log });
      return engine;
    },
    close: async () => {
      await bus.stop();
      await dbs.close();
    },
  };
}
