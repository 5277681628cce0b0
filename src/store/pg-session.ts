/** Statements and transactions on one connection of pg, whichever server is behind it. */
import type { ClientBase, QueryConfig, QueryResult } from "pg";
import type { Row, Statement, Transaction } from "./database.ts";
import { toDatabaseError } from "./pg-failure.ts";

/** A migration may rewrite a large table: an hour, where other statements have seconds. */
const SCRIPT_TIMEOUT_MS = 3_600_000;

/** Which statements the connections of a database have prepared, and how to call its server. */
export class PgStatements {
  readonly server: string;
  #generation = 0;

  constructor(server: string) {
    this.server = server;
  }

  get generation(): number {
    return this.#generation;
  }

  /**
   * Every connection prepares everything anew, under other names. What it had prepared stays on the
   * server until the connection ends: some kilobytes a statement, once a migration.
   *
   * @param seen the generation that failed: many find out at once, one step is enough
   */
  renew(seen: number): void {
    if (this.#generation === seen) this.#generation += 1;
  }

  config(statement: Statement, values: readonly unknown[] | undefined): QueryConfig {
    const { name, text } = statement;
    const generation = this.#generation;
    return {
      name: generation === 0 ? name : `${name}#${generation}`,
      text,
      ...(values !== undefined && { values: values as unknown[] }),
    };
  }
}

/** Runs a script in pg's simple protocol, which takes several statements at once. */
export async function runScript(client: ClientBase, sql: string): Promise<void> {
  const config: QueryConfig & { query_timeout: number } = {
    text: sql,
    query_timeout: SCRIPT_TIMEOUT_MS,
  };
  await client.query(config);
}

/**
 * Runs `work` between BEGIN and COMMIT. After an error the caller decides by `breaksConnection` of
 * its cause whether the connection lives on; it has been rolled back if it does.
 *
 * @throws DatabaseError, or what `work` threw
 */
export async function runTransaction<T>(
  client: ClientBase,
  statements: PgStatements,
  name: string,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const tx = new PgTransaction(client, statements);
  try {
    await client.query("begin");
    const result = await work(tx);
    await tx.end();
    const { command } = await client.query("commit");
    // The server answers the COMMIT of a failed transaction with ROLLBACK, not with an error.
    if (command !== "COMMIT") throw new Error("a statement failed, nothing was committed");
    return result;
  } catch (error) {
    await tx.end();
    throw tx.failure ?? (isFromWork(error) ? error : toDatabaseError(name, error, statements.server));
  }
}
