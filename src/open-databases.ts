/** The databases of one instance: what serves requests is apart from what runs the engine. */
import { join } from "node:path";
import type { Logger } from "pino";
import type { Config } from "./config.ts";
import type { Database } from "./store/database.ts";
import { openEmbedded } from "./store/embedded-database.ts";
import { openPostgres } from "./store/postgres-database.ts";
import { assertSameDatabase } from "./store/same-database.ts";

export interface Databases {
  readonly api: Database;
  readonly engine: Database;
  readonly heartbeat: Database;
  /** At most, of all three together. */
  readonly connections: number;
  close(): Promise<void>;
}

/** Two claims and four writes in flight, and the small loops beside them. */
const ENGINE_CONNECTIONS_MAX = 10;

/** @throws OperatorError if the database cannot be reached or used, or the folder is in use */
export async function openDatabases(config: Config, log: Logger): Promise<Databases> {
  if (config.databaseUrl === null) {
    const db = await openEmbedded({ folder: join(config.dataDir, "postgres"), log });
    return { api: db, engine: db, heartbeat: db, connections: 1, close: () => db.close() };
  }
  const { databasePoolUrl, databasePoolMax } = config;
  return openPools(config.databaseUrl, databasePoolUrl, databasePoolMax, log);
}

async function openPools(
  url: string,
  pooledUrl: string | null,
  poolMax: number,
  log: Logger,
): Promise<Databases> {
  const engineMax = Math.max(1, Math.min(ENGINE_CONNECTIONS_MAX, Math.floor(poolMax * 0.4)));
  const apiMax = Math.max(1, poolMax - engineMax - 1);
  const open: Database[] = [];
  const close = async () => {
    await Promise.all(open.map((db) => db.close()));
  };
  try {
    const engine = await openPostgres({ url, poolMax: engineMax, role: "engine", log });
    open.push(engine);
    const way = pooledUrl === null ? { url } : { url: pooledUrl, pooled: true };
    const api = await openPostgres({ ...way, poolMax: apiMax, role: "api", log });
    open.push(api);
    if (pooledUrl !== null) await assertSameDatabase(engine, api);
    const heartbeat = await openPostgres({ url, poolMax: 1, role: "heartbeat", log });
    open.push(heartbeat);
    return { api, engine, heartbeat, connections: engineMax + apiMax + 1, close };
  } catch (error) {
    await close();
    throw error;
  }
}
