/** The names under which a database's connections prepare their statements. */
import type { QueryConfig } from "pg";
import type { Statement } from "./database.ts";

export class PgStatements {
  readonly #prepared: boolean;
  #generation = 0;

  /** @param options.prepared false: statements have no names, for sessions that are not our own */
  constructor({ prepared } = { prepared: true }) {
    this.#prepared = prepared;
  }

  /** Rises when what was prepared no longer fits. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Has every connection prepare everything anew, under other names. What it prepared before stays on
   * the server until the connection ends: some kilobytes a statement, once a migration.
   *
   * @param failed the generation that failed: many find out at once, one step is enough
   */
  renew(failed: number): void {
    if (this.#generation === failed) this.#generation += 1;
  }

  config(statement: Statement, values: readonly unknown[]): QueryConfig {
    const { name, text } = statement;
    const generation = this.#generation;
    // pg does not write to the values.
    const config = { text, values: values as unknown[] };
    if (!this.#prepared) return config;
    return { name: generation === 0 ? name : `${name}#${generation}`, ...config };
  }
}
