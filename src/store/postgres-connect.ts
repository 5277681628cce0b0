/** The first connection to a PostgreSQL server, and what to tell the operator if there is none. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { OperatorError, reasonOf } from "../domain/errors.ts";

const STARTING_UP = "57P03";
const STARTING_UP_MS_MAX = 30_000;
const STARTING_UP_PAUSE_MS = 500;
const VERSION_MIN = 14;
/** For the answer to the first statement: a server that took the connection may still be silent. */
export const ANSWER_MS = 5_000;

/** For what needs a session of its own. */
export const DIRECT =
  "Set DATABASE_URL to the server itself, without a pooler in between; a pooler can serve requests through DATABASE_POOL_URL.";

const REMEDIES: Record<string, string> = {
  "28000": "Check the user in DATABASE_URL and the server's pg_hba.conf.",
  "28P01": "Check the user and the password in DATABASE_URL.",
  "3D000": "Create the database (createdb), or correct its name in DATABASE_URL.",
  "53300": "Raise the server's max_connections, or lower the pool sizes.",
  "08P01": DIRECT,
};

const START: Record<UrlVariable, string> = {
  DATABASE_URL:
    "Start the server, or set DATABASE_URL to where it is; without DATABASE_URL an embedded database is used.",
  DATABASE_POOL_URL:
    "Start the pooler, or correct DATABASE_POOL_URL; without it, requests use DATABASE_URL.",
};

/** Where the URL is from, for the remedy. */
export type UrlVariable = "DATABASE_URL" | "DATABASE_POOL_URL";

/**
 * Connects once, and waits up to 30 s for a server that is still starting.
 *
 * @returns "host:port/database"
 * @throws OperatorError
 */
export async function connectFirst(pool: pg.Pool, variable: UrlVariable): Promise<string> {
  const client = await connectWhenStarted(pool, variable);
  let silent = true;
  try {
    const { host, port, database } = client;
    const version = await readVersion(client).catch((error: unknown) => {
      throw explainSilence(error, pool.options);
    });
    silent = false;
    if (version < VERSION_MIN) {
      throw new OperatorError(
        `PostgreSQL ${version} at ${host}:${port} is too old. Use version ${VERSION_MIN} or newer.`,
      );
    }
    return `${host}:${port}/${database}`;
  } finally {
    client.release(silent);
  }
}

async function readVersion(client: pg.PoolClient): Promise<number> {
  const query: pg.QueryConfig & { query_timeout: number } = {
    text: "select current_setting('server_version_num')::int / 10000 as version",
    query_timeout: ANSWER_MS,
  };
  const { rows } = await client.query<{ version: number }>(query);
  return rows[0]?.version ?? 0;
}

async function connectWhenStarted(pool: pg.Pool, variable: UrlVariable): Promise<pg.PoolClient> {
  const giveUpAt = performance.now() + STARTING_UP_MS_MAX;
  for (;;) {
    const sentAt = performance.now();
    try {
      return await pool.connect();
    } catch (error) {
      const starting = error instanceof pg.DatabaseError && error.code === STARTING_UP;
      if (!starting || performance.now() > giveUpAt) {
        const limitMs = pool.options.connectionTimeoutMillis ?? Number.POSITIVE_INFINITY;
        // pg calls its own time limit "terminated unexpectedly"; a timer may be a millisecond early.
        const isLate = performance.now() - sentAt >= limitMs - 10;
        const cause = isLate
          ? new Error(`no answer within ${limitMs} ms`, { cause: error })
          : error;
        throw explainRefusal(cause, pool.options, variable);
      }
      await sleep(STARTING_UP_PAUSE_MS);
    }
  }
}

/** No connection was made. */
export function explainRefusal(
  error: unknown,
  options: pg.ClientConfig,
  variable: UrlVariable,
): OperatorError {
  const code = error instanceof pg.DatabaseError ? error.code : undefined;
  const known = code === undefined ? undefined : REMEDIES[code];
  const remedy = known === DIRECT ? DIRECT : known?.replace("DATABASE_URL", variable);
  const { where, reason, hint } = describeRefusal(error, options, variable);
  return new OperatorError(
    `Cannot connect to PostgreSQL at ${where}: ${reason}. ${remedy ?? START[variable]}${hint}`,
    { cause: error },
  );
}

const NO_SUCH_HOST = ["ENOTFOUND", "EAI_AGAIN"];
const ENCODE = " Special characters in the password must be percent-encoded.";

/** A host that may be a piece of the password is not named. */
function describeRefusal(error: unknown, options: pg.ClientConfig, variable: UrlVariable) {
  const url = options.connectionString ?? "";
  const code = error instanceof Error && "code" in error ? String(error.code) : null;
  if (!(error instanceof pg.DatabaseError) && endsEarly(url)) {
    const where = `the host that ${variable} seems to name`;
    return { where, reason: code ?? "no connection", hint: ENCODE };
  }
  const isUnknown = code !== null && NO_SUCH_HOST.includes(code);
  const hint = isUnknown && /:\/\/[^@]*:.*@/.test(url) ? ENCODE : "";
  return { where: addressOf(options), reason: reasonOf(error), hint };
}

/** Of "//user:a/b@host", a URL's host is "user": a "/", "?" or "#" ends it. "@" is left over. */
function endsEarly(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { pathname, search, hash } = new URL(url);
  return `${pathname}${search}${hash}`.includes("@");
}

/** The connection was made, and then nothing more came. */
export function explainSilence(error: unknown, options: pg.ClientConfig): OperatorError {
  return new OperatorError(
    `PostgreSQL at ${addressOf(options)} accepts connections but does not answer: ${reasonOf(error)}. ` +
      "Look at its log, and at what is between it and here; restart it if it hangs.",
    { cause: error },
  );
}

/** Only a client knows what the URL and the environment's PGHOST and the like come to. */
function addressOf(options: pg.ClientConfig): string {
  const { host, port } = new pg.Client(options);
  return `${host}:${port}`;
}
