/** Runs work again that failed for a reason which a second try does not meet. */
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseError } from "./database.ts";
import { isStaleStatement } from "./pg-failure.ts";

const RETRIES_MAX = 5;
const FIRST_DELAY_MS = 10;

/**
 * `work`, run again up to five times while it fails with a deadlock or a serialization failure. The
 * delays are random, up to 10, 20, 40, 80 and 160 ms: the transactions that met once would meet
 * again. A stale prepared statement is worth one more try, at once.
 *
 * @throws what `work` threw last
 */
export async function runRetried<T>(work: () => Promise<T>): Promise<T> {
  let renewed = false;
  for (let retries = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (isStaleStatement(error.cause) && !renewed) {
        renewed = true;
        continue;
      }
      if (!error.isTransient || retries === RETRIES_MAX) throw error;
      await sleep(Math.random() * FIRST_DELAY_MS * 2 ** retries);
      retries += 1;
    }
  }
}
