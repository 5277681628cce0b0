/** Statements and transactions on one connection of pg, whichever server is behind it. */
import type { ClientBase, QueryConfig, QueryResult } from "pg";
import { DatabaseError, type Row, type Statement, type Transaction } from "./database.ts";
import { breaksConnection, isStaleStatement, toDatabaseError } from "./pg-failure.ts";
import type { PgStatements } from "./pg-statements.ts";

/** A migration may rewrite a large table: an hour, where other statements have seconds. */
const SCRIPT_TIMEOUT_MS = 3_600_000;
const NO_VALUES: readonly unknown[] = [];

export class PgSession {
  readonly #client: ClientBase;
  readonly #statements: PgStatements;
  readonly #server: string;
  readonly #begin: string;
  #broken = false;

  /**
   * @param server how to call the server in a message, e.g. "PostgreSQL at 127.0.0.1:5432/jobs"
   * @param begin begins a transaction; several statements, if it brings settings along
   */
  constructor(client: ClientBase, statements: PgStatements, server: string, begin = "begin") {
    this.#client = client;
    this.#statements = statements;
    this.#server = server;
    this.#begin = begin;
  }

  /** The connection may not be used again: it is gone, or in an unknown state. */
  get broken(): boolean {
    return this.#broken;
  }

  /** @throws DatabaseError */
  async query<R = Row>(statement: Statement, values = NO_VALUES): Promise<R[]> {
    const generation = this.#statements.generation;
    try {
      const result = await this.#client.query(this.#statements.config(statement, values));
      // PGlite swallows what ends its loop, and answers as if the statement had found nothing.
      if (result.command === null) throw new Error("the statement did not finish");
      return result.rows as R[];
    } catch (error) {
      if (isStaleStatement(error)) this.#statements.renew(generation);
      throw this.#failure(statement.name, error);
    }
  }

  /** Several statements at once, which only pg's simple protocol takes. @throws DatabaseError */
  async script(sql: string): Promise<void> {
    const config: QueryConfig & { query_timeout: number } = {
      text: sql,
      query_timeout: SCRIPT_TIMEOUT_MS,
    };
    await this.#run("script", config);
  }

  /**
   * `work` between BEGIN and COMMIT, or ROLLBACK if it rejects; its statements run one by one.
   *
   * @throws DatabaseError, or what `work` threw
   */
  async transaction<T>(name: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    await this.#run(name, this.#begin);
    const tx = new PgTransaction(this);
    try {
      const result = await work(tx);
      await tx.end();
      await this.#commit(name);
      return result;
    } catch (error) {
      await tx.end();
      await this.#rollback();
      throw error;
    }
  }

  async #commit(name: string): Promise<void> {
    const { command } = await this.#run(name, "commit");
    if (command === "COMMIT") return;
    // The server answers the COMMIT of a failed transaction with ROLLBACK, not with an error.
    const cause = new Error("nothing was committed, because a statement in it had failed");
    throw new DatabaseError(name, cause, "25P02", null);
  }

  async #rollback(): Promise<void> {
    if (this.#broken) return;
    try {
      await this.#client.query("rollback");
    } catch {
      // The caller learns why the transaction failed; the connection, and so the transaction, ends.
      this.#broken = true;
    }
  }

  async #run(name: string, query: string | QueryConfig): Promise<QueryResult> {
    try {
      return await this.#client.query(query);
    } catch (error) {
      throw this.#failure(name, error);
    }
  }

  #failure(name: string, error: unknown): DatabaseError {
    if (breaksConnection(error)) this.#broken = true;
    return toDatabaseError(name, error, this.#server);
  }
}

class PgTransaction implements Transaction {
  readonly #session: PgSession;
  #last: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(session: PgSession) {
    this.#session = session;
  }

  query<R = Row>(statement: Statement, values?: readonly unknown[]): Promise<R[]> {
    return this.#inTurn(() => this.#session.query<R>(statement, values));
  }

  script(sql: string): Promise<void> {
    return this.#inTurn(() => this.#session.script(sql));
  }

  /** Resolves when nothing of it runs any more; what comes later is refused. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#last;
  }

  /** pg would queue them as well, but has declared that it will stop to. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.#ended) return Promise.reject(new Error("the transaction is over"));
    const result = this.#last.then(run);
    this.#last = result.catch(() => {});
    return result;
  }
}
