/** Counts writes that came too late: their attempt was no longer this instance's. */
import type { Logger } from "pino";

export type StaleWrite = "outcome" | "progress" | "log";

const IDS_LOGGED_MAX = 10;

export class StaleWrites {
  readonly #log: Logger;
  readonly #counts = new Map<StaleWrite, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  count(kind: StaleWrite): number {
    return this.#counts.get(kind) ?? 0;
  }

  report(kind: StaleWrite, jobIds: readonly string[]): void {
    if (jobIds.length === 0) return;
    this.#counts.set(kind, this.count(kind) + jobIds.length);
    const fields = { kind, count: jobIds.length, jobIds: jobIds.slice(0, IDS_LOGGED_MAX) };
    this.#log.warn(fields, "stale writes refused: the attempts are no longer this instance's");
  }
}
