/**
 * What the store needs of a database. PostgreSQL through `pg` and the embedded PGlite both are one;
 * the conformance suite holds them to the same answers.
 */

/** A statement with a name: `pg` prepares it once a connection under that name, logs show it. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export type Row = Record<string, unknown>;

/** Runs statements: a database, or one transaction of it. */
export interface Queryable {
  /**
   * Runs one statement and returns its rows.
   *
   * Send bigint as text or number and read it back cast to float8, int or text: the two databases
   * read int8 and bytea differently. jsonb comes back parsed, uuid and text as strings, float8 and
   * int as numbers, arrays of those as arrays. jsonb is sent as JSON text.
   *
   * @throws DatabaseError, also for a constraint that the statement broke
   */
  query<R = Row>(statement: Statement, values?: readonly unknown[]): Promise<R[]>;
}

/** One transaction: its statements run one after the other, in the order they were sent. */
export interface Transaction extends Queryable {
  /** Runs a script of several statements without parameters: migrations only. */
  script(sql: string): Promise<void>;
}

export interface Database extends Queryable {
  readonly kind: "postgres" | "embedded";
  /** How many of its sessions have ended while nothing used them, so that no statement failed. */
  readonly sessionsLost: number;
  /**
   * Runs `work` in one transaction: COMMIT when it resolves, ROLLBACK when it rejects. Deadlocks
   * (40P01) and serialization failures (40001) run it again, up to five times, with jitter; single
   * statements of `query` do the same. `work` must therefore have no effect outside of the database.
   */
  transaction<T>(name: string, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Runs a script of several statements without parameters, all or none: migrations only. */
  script(sql: string): Promise<void>;
  /** In words for the banner: which server or folder, and what it survives. */
  describe(): Promise<DatabaseDescription>;
  /**
   * Upkeep that the database does not do by itself, now and then: checkpoints and vacuums of the
   * embedded store. Nothing on PostgreSQL.
   */
  maintain(): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseDescription {
  /** "PostgreSQL 15.20 at 127.0.0.1:5432/postgres" or "embedded PostgreSQL 18.1 in ./data". */
  readonly name: string;
  readonly survivesRestart: boolean;
  readonly survivesPowerCut: boolean;
  /** Connections at most. */
  readonly poolSize: number;
}

/** A failed statement. `sqlState` is PostgreSQL's five-character code, null if it never answered. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly sqlState: string | null;
  readonly statement: string;
  readonly constraint: string | null;

  constructor(
    statement: string,
    cause: unknown,
    sqlState: string | null,
    constraint: string | null,
  ) {
    super(`${statement}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.statement = statement;
    this.sqlState = sqlState;
    this.constraint = constraint;
  }

  /** The server could not be reached or went away: nothing is known of the statement's effect. */
  get isConnectionLost(): boolean {
    return this.sqlState === null || /^(08|57P0)/.test(this.sqlState);
  }

  /**
   * It is there but cannot serve this now: read-only (25006), out of resources (53), a lock that was
   * not free in time (55P03), or a statement that took too long (57014).
   */
  get isBusy(): boolean {
    return this.sqlState !== null && /^(25006|53|55P03|57014)/.test(this.sqlState);
  }

  /** A deadlock or serialization failure: the same work may succeed at once. */
  get isTransient(): boolean {
    return this.sqlState === "40P01" || this.sqlState === "40001";
  }
}
