/** Runs work again that lost to a concurrent transaction. */
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseError } from "./database.ts";

const RETRIES_MAX = 5;
const FIRST_DELAY_MS = 10;

/**
 * `work`, run again up to five times while it fails with a deadlock or a serialization failure. The
 * delays are random, up to 10, 20, 40, 80 and 160 ms: the transactions that met once would meet again.
 *
 * @throws what `work` threw last
 */
export async function retryTransient<T>(work: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await work();
    } catch (error) {
      const transient = error instanceof DatabaseError && error.isTransient;
      if (!transient || retries === RETRIES_MAX) throw error;
      await sleep(Math.random() * FIRST_DELAY_MS * 2 ** retries);
    }
  }
}
