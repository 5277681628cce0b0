/** Errors that reach nobody. */
import type { Logger } from "pino";

/**
 * What an executor throws after its job has ended (in a timer of its own, say, or in a listener of its
 * AbortSignal) reaches nobody else. It must not end the jobs of all others: from here on it is logged.
 */
export function outliveStrayErrors(log: Logger): void {
  process.on("unhandledRejection", (err) => log.error({ err }, "nobody awaited this rejection"));
  process.on("uncaughtException", (err) => log.error({ err }, "nobody caught this error"));
}
