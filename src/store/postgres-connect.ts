/** The first connection to a PostgreSQL server, and what to tell the operator if there is none. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { OperatorError } from "../domain/errors.ts";
import { reasonOf } from "./pg-failure.ts";

const STARTING_UP = "57P03";
const STARTING_UP_MS_MAX = 30_000;
const STARTING_UP_PAUSE_MS = 500;
const VERSION_MIN = 14;

const REMEDIES: Record<string, string> = {
  "28000": "Check the user in DATABASE_URL and the server's pg_hba.conf.",
  "28P01": "Check the user and the password in DATABASE_URL.",
  "3D000": "Create the database (createdb), or correct its name in DATABASE_URL.",
  "53300": "Raise the server's max_connections, or lower the pool sizes.",
  "08P01":
    "Connect to the server itself: a pooler in between does not pass on the session settings.",
};

/**
 * Connects once, and waits up to 30 s for a server that is still starting.
 *
 * @returns "host:port/database"
 * @throws OperatorError
 */
export async function connectFirst(pool: pg.Pool): Promise<string> {
  const client = await connectWhenStarted(pool);
  try {
    const { host, port, database } = client;
    const result = await client.query<{ version: number }>(
      "select current_setting('server_version_num')::int / 10000 as version",
    );
    const version = result.rows[0]?.version ?? 0;
    if (version < VERSION_MIN) {
      throw new OperatorError(
        `PostgreSQL ${version} at ${host}:${port} is too old. Use version ${VERSION_MIN} or newer.`,
      );
    }
    return `${host}:${port}/${database}`;
  } finally {
    client.release();
  }
}

async function connectWhenStarted(pool: pg.Pool): Promise<pg.PoolClient> {
  const giveUpAt = performance.now() + STARTING_UP_MS_MAX;
  for (;;) {
    const sentAt = performance.now();
    try {
      return await pool.connect();
    } catch (error) {
      const starting = error instanceof pg.DatabaseError && error.code === STARTING_UP;
      const waitedMs = performance.now() - sentAt;
      if (!starting || performance.now() > giveUpAt) throw explain(error, pool, waitedMs);
      await sleep(STARTING_UP_PAUSE_MS);
    }
  }
}

function explain(error: unknown, pool: pg.Pool, waitedMs: number): OperatorError {
  // Only a client knows what the URL and the environment's PGHOST and the like come to.
  const { host, port } = new pg.Client(pool.options);
  const code = error instanceof pg.DatabaseError ? error.code : undefined;
  // pg calls its own time limit "terminated unexpectedly"; a timer may be a millisecond early.
  const limitMs = pool.options.connectionTimeoutMillis ?? Number.POSITIVE_INFINITY;
  const reason = waitedMs < limitMs - 10 ? reasonOf(error) : `no answer within ${limitMs} ms`;
  const remedy =
    (code !== undefined && REMEDIES[code]) ||
    "Start the server, or set DATABASE_URL to where it is; without DATABASE_URL an embedded database is used.";
  return new OperatorError(
    `Cannot connect to PostgreSQL at ${host}:${port}: ${reason}. ${remedy}`,
    { cause: error },
  );
}
