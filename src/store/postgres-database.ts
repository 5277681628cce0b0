/** PostgreSQL through a pool of `pg`. */
import pg from "pg";
import type { Logger } from "pino";
import type { Database, DatabaseDescription, Row, Statement, Transaction } from "./database.ts";
import { assertOwnSession, OWN_SESSION_SETTING } from "./own-session.ts";
import { toDatabaseError } from "./pg-failure.ts";
import { runRetried } from "./pg-retry.ts";
import { PgSession } from "./pg-session.ts";
import { PgStatements } from "./pg-statements.ts";
import { connectFirst } from "./postgres-connect.ts";

/**
 * What a pool serves: requests, what watchers are shown, the engine's loops and batches, or an
 * instance's heartbeat, on a connection of its own so that a busy pool does not delay it.
 */
export type PostgresRole = "api" | "watch" | "engine" | "heartbeat";

export interface PostgresOptions {
  /** postgres://user:password@host:port/database; what it says as `?statement_timeout=` wins. */
  readonly url: string;
  readonly poolMax: number;
  readonly role: PostgresRole;
  /**
   * The URL leads to a pooler, which may give each transaction another session: nothing is left on one
   * or expected of it. Each statement becomes a transaction that brings its settings along, so three
   * round trips where there was one. For requests only.
   */
  readonly pooled?: boolean;
  readonly log: Logger;
}

interface Timeouts {
  /** For a new connection and for a free one of the pool. */
  readonly connectMs: number;
  readonly statementMs: number;
  readonly lockMs: number;
  /** A process that stops between two statements of a transaction frees its rows after this. */
  readonly idleInTransactionMs: number;
}

// pg's defaults are all "wait for ever". A request should fail while its caller still waits; the
// engine's batches are larger and nobody stands behind them; a heartbeat that takes as long as the
// instance may be silent (12 s of a 15 s lease) is worth nothing. A watcher's read is repeated until it
// is answered, so a connection that hangs had better be given up.
const TIMEOUTS: Record<PostgresRole, Timeouts> = {
  api: { connectMs: 2_000, statementMs: 10_000, lockMs: 5_000, idleInTransactionMs: 5_000 },
  watch: { connectMs: 2_000, statementMs: 5_000, lockMs: 2_000, idleInTransactionMs: 3_000 },
  engine: { connectMs: 5_000, statementMs: 30_000, lockMs: 10_000, idleInTransactionMs: 10_000 },
  heartbeat: { connectMs: 2_000, statementMs: 3_000, lockMs: 2_000, idleInTransactionMs: 3_000 },
};

const SESSION = [
  // The moves of jobs count on a fresh snapshot for each statement, whatever the server's default is.
  "default_transaction_isolation=read\\ committed",
  // Compiling a plan takes longer than any of our statements runs.
  "jit=off",
  // Our indexes have the order that is asked for. Without statistics the planner takes another with
  // the same first column and sorts the rest: 100 ms instead of 1 at 300,000 finished jobs.
  "enable_incremental_sort=off",
  // A plan that was made while a table was vacuumed and empty read all of it for each job, until the
  // next ANALYZE: one job of 100,000 took 9 ms, twenty took 123.
  "enable_seqscan=off",
  "TimeZone=UTC",
  OWN_SESSION_SETTING,
];

// The engine's statements are meant to walk from a short list through indexes, whatever the statistics
// say of tables that are empty one moment and full the next: after an ANALYZE that had found no
// running job, finishing 1,000 of them took 200 ms instead of 25. So no plan but that one is on
// offer, and it is made once a connection, not once a statement.
const ENGINE_SESSION = [
  "enable_hashjoin=off",
  "enable_mergejoin=off",
  "enable_bitmapscan=off",
  "plan_cache_mode=force_generic_plan",
];

/** Longer than the server's own limit: only a connection that went silent runs into it. */
const SILENCE_MS = 2_000;
const IDLE_CONNECTION_MS = 60_000;
const KEEP_ALIVE_MS = 10_000;

/**
 * A pool that has been connected once.
 *
 * @throws OperatorError if the server cannot be reached, refuses us or is older than 14; or if there
 * is a pooler in between, for another role than "api"
 */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const { role, poolMax, pooled = false } = options;
  const pool = createPool(options);
  try {
    const server = await connectFirst(pool, pooled ? "DATABASE_POOL_URL" : "DATABASE_URL");
    if (role !== "api") await assertOwnSession(pool.options);
    return new PostgresDatabase(pool, server, poolMax, pooled ? beginPooled(role) : null);
  } catch (error) {
    await pool.end();
    throw error;
  }
}

function createPool({ url, poolMax, role, pooled, log }: PostgresOptions): pg.Pool {
  const { connectMs, statementMs } = TIMEOUTS[role];
  const pool = new pg.Pool({
    connectionString: url,
    max: poolMax,
    application_name: `vinyasa-${role}`,
    connectionTimeoutMillis: connectMs,
    // The heartbeat's connection holds the instance's lock: it is kept, however slow the beat.
    idleTimeoutMillis: role === "heartbeat" ? 0 : IDLE_CONNECTION_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    query_timeout: statementMs + SILENCE_MS,
    ...(pooled !== true && sessionOptions(role)),
  });
  const onError = (error: Error) => log.warn({ err: error, role }, "lost a database connection");
  pool.on("error", onError);
  // The pool listens to idle clients only. One that dies between two statements of a transaction
  // would end the process.
  pool.on("connect", (client) => {
    client.on("error", (error) => log.debug({ err: error, role }, "a database connection failed"));
  });
  return pool;
}

/** What is sent with a connection. */
function sessionOptions(role: PostgresRole): pg.PoolConfig {
  const { statementMs, lockMs, idleInTransactionMs } = TIMEOUTS[role];
  const isReader = role === "api" || role === "watch";
  const settings = isReader ? SESSION : [...SESSION, ...ENGINE_SESSION];
  return {
    statement_timeout: statementMs,
    lock_timeout: lockMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    options: settings.map((setting) => `-c ${setting}`).join(" "),
  };
}

/** The same, as the begin of a transaction. */
function beginPooled(role: PostgresRole): string {
  const { statementMs, lockMs, idleInTransactionMs } = TIMEOUTS[role];
  return [
    "begin isolation level read committed",
    `set local statement_timeout = ${statementMs}`,
    `set local lock_timeout = ${lockMs}`,
    `set local idle_in_transaction_session_timeout = ${idleInTransactionMs}`,
    "set local jit = off",
    "set local enable_incremental_sort = off",
    "set local enable_seqscan = off",
    "set local timezone = 'UTC'",
  ].join("; ");
}

class PostgresDatabase implements Database {
  readonly kind = "postgres";
  readonly #pool: pg.Pool;
  readonly #statements: PgStatements;
  readonly #server: string;
  readonly #poolMax: number;
  /** Begins each transaction of a pooled connection. Null: sessions are our own. */
  readonly #beginPooled: string | null;
  #sessionsLost = 0;
  #closed: Promise<void> | null = null;

  constructor(pool: pg.Pool, server: string, poolMax: number, begin: string | null) {
    this.#pool = pool;
    this.#server = server;
    this.#poolMax = poolMax;
    this.#beginPooled = begin;
    this.#statements = new PgStatements({ prepared: begin === null });
    // The pool tells of idle ones only; with any other, a statement fails.
    pool.on("error", () => {
      this.#sessionsLost += 1;
    });
  }

  get sessionsLost(): number {
    return this.#sessionsLost;
  }

  query<R = Row>(statement: Statement, values?: readonly unknown[]): Promise<R[]> {
    if (this.#beginPooled !== null) {
      return this.transaction(statement.name, (tx) => tx.query<R>(statement, values));
    }
    return runRetried(() =>
      this.#withSession(statement.name, (session) => session.query<R>(statement, values)),
    );
  }

  transaction<T>(name: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return runRetried(() => this.#withSession(name, (session) => session.transaction(name, work)));
  }

  script(sql: string): Promise<void> {
    return this.#withSession("script", (session) => session.script(sql));
  }

  async describe(): Promise<DatabaseDescription> {
    const [row] = await this.query<{ version: string; durable: boolean }>(DESCRIBE);
    return {
      name: `PostgreSQL ${row?.version.split(" ")[0]} at ${this.#server}`,
      survivesRestart: true,
      survivesPowerCut: row?.durable === true,
      poolSize: this.#poolMax,
    };
  }

  /** Autovacuum and the checkpointer do it. */
  async maintain(): Promise<void> {}

  close(): Promise<void> {
    this.#closed ??= this.#pool.end();
    return this.#closed;
  }

  async #withSession<T>(name: string, use: (session: PgSession) => Promise<T>): Promise<T> {
    const server = `PostgreSQL at ${this.#server}`;
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw toDatabaseError(name, error, server);
    });
    const session = new PgSession(client, this.#statements, server, this.#beginPooled ?? "begin");
    try {
      return await use(session);
    } finally {
      client.release(session.broken);
    }
  }
}

const DESCRIBE = {
  name: "describe-database",
  text: `/* describe-database */
select current_setting('server_version') as version,
  current_setting('fsync') = 'on' and current_setting('full_page_writes') = 'on'
    and current_setting('synchronous_commit') <> 'off' as durable`,
};
