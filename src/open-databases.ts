/** The databases of one instance: what serves requests is apart from what runs the engine. */
import { join } from "node:path";
import type { Logger } from "pino";
import type { Role } from "./config/role.ts";
import type { Config } from "./config.ts";
import type { Database } from "./store/database.ts";
import { openEmbedded } from "./store/embedded-database.ts";
import { openPostgres } from "./store/postgres-database.ts";
import { assertSameDatabase } from "./store/same-database.ts";

export interface Databases {
  readonly api: Database;
  /** What live updates are compared with: requests that queue up must not hide a job's end. */
  readonly watch: Database;
  readonly engine: Database;
  readonly heartbeat: Database;
  /** At most, of all together. */
  readonly connections: number;
  close(): Promise<void>;
}

/** Two claims and four writes in flight, and the small loops beside them. */
const ENGINE_CONNECTIONS_MAX = 10;
/** Where nothing is run: readiness and new lanes. */
const BYSTANDER_CONNECTIONS_MAX = 2;
/** A read of a thousand jobs takes milliseconds; the second one is for when the first hangs. */
const WATCH_CONNECTIONS_MAX = 2;
/** Below, there is one connection for each other purpose and none to spare. */
const OWN_WATCH_FROM = 4;

/** @throws OperatorError if the database cannot be reached or used, or the folder is in use */
export async function openDatabases(config: Config, log: Logger): Promise<Databases> {
  if (config.databaseUrl === null) {
    const db = await openEmbedded({ folder: join(config.dataDir, "postgres"), log });
    const everything = { api: db, watch: db, engine: db, heartbeat: db };
    return { ...everything, connections: 1, close: () => db.close() };
  }
  const sizes = poolSizes(config.role, config.databasePoolMax);
  return openPools(config.databaseUrl, config.databasePoolUrl, sizes, log);
}

export interface PoolSizes {
  readonly engine: number;
  /** 0: no requests are served. */
  readonly api: number;
  /** 0: watchers' reads share the connections of requests. */
  readonly watch: number;
}

/** What `max` connections are used for, besides the heartbeat's own one. */
export function poolSizes(role: Role, max: number): PoolSizes {
  const rest = max - 1;
  if (role === "worker")
    return { engine: Math.min(ENGINE_CONNECTIONS_MAX, rest), api: 0, watch: 0 };
  const share = role === "api" ? BYSTANDER_CONNECTIONS_MAX : ENGINE_CONNECTIONS_MAX;
  const engine = Math.max(1, Math.min(share, Math.floor(max * 0.4)));
  const watch =
    max < OWN_WATCH_FROM ? 0 : Math.max(1, Math.min(WATCH_CONNECTIONS_MAX, Math.floor(max * 0.1)));
  return { engine, watch, api: Math.max(1, rest - engine - watch) };
}

function openApiPool(url: string, pooledUrl: string | null, poolMax: number, log: Logger) {
  const way = pooledUrl === null ? { url } : { url: pooledUrl, pooled: true };
  return openPostgres({ ...way, poolMax, role: "api", log });
}

/** Never through the pooler of the requests: its sessions are theirs, too. */
function openWatchPool(url: string, poolMax: number, log: Logger) {
  return openPostgres({ url, poolMax, role: "watch", log });
}

async function openPools(
  url: string,
  pooledUrl: string | null,
  sizes: PoolSizes,
  log: Logger,
): Promise<Databases> {
  const open: Database[] = [];
  const close = async () => {
    await Promise.all(open.map((db) => db.close()));
  };
  try {
    const engine = await openPostgres({ url, poolMax: sizes.engine, role: "engine", log });
    open.push(engine);
    const api = sizes.api === 0 ? engine : await openApiPool(url, pooledUrl, sizes.api, log);
    if (api !== engine) open.push(api);
    if (api !== engine && pooledUrl !== null) await assertSameDatabase(engine, api);
    const watch = sizes.watch === 0 ? api : await openWatchPool(url, sizes.watch, log);
    if (watch !== api) open.push(watch);
    const heartbeat = await openPostgres({ url, poolMax: 1, role: "heartbeat", log });
    open.push(heartbeat);
    const connections = sizes.engine + sizes.api + sizes.watch + 1;
    return { api, watch, engine, heartbeat, connections, close };
  } catch (error) {
    await close();
    throw error;
  }
}
