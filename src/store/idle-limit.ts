/** What idle_in_transaction_session_timeout does on PostgreSQL, for a database that has no such limit. */
import { DatabaseError, type Row, type Statement, type Transaction } from "./database.ts";

const IDLE_IN_TRANSACTION = "25P03";

/**
 * `work` with `tx`, given up once it has run no statement for `limitMs`. It may be waiting for itself:
 * for a statement that is not part of the transaction, and so for the transaction's end.
 *
 * @throws DatabaseError 25P03, or what `work` threw
 */
export function runWithIdleLimit<T>(
  name: string,
  tx: Transaction,
  limitMs: number,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  let giveUp = () => {};
  const idle = new Promise<never>((_, reject) => {
    const cause = new Error(`no statement of the transaction for ${limitMs} ms`);
    giveUp = () => reject(new DatabaseError(name, cause, IDLE_IN_TRANSACTION, null));
  });
  let timer = setTimeout(giveUp, limitMs);
  let running = 0;
  let over = false;
  const busy = async <R>(statement: Promise<R>): Promise<R> => {
    clearTimeout(timer);
    running += 1;
    try {
      return await statement;
    } finally {
      running -= 1;
      if (running === 0 && !over) timer = setTimeout(giveUp, limitMs);
    }
  };
  const watched: Transaction = {
    query: <R = Row>(statement: Statement, values?: readonly unknown[]) =>
      busy(tx.query<R>(statement, values)),
    script: (sql) => busy(tx.script(sql)),
  };
  return Promise.race([work(watched), idle]).finally(() => {
    over = true;
    clearTimeout(timer);
  });
}
