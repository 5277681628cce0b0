/** The names under which a database's connections prepare their statements. */
import type { QueryConfig } from "pg";
import type { Statement } from "./database.ts";

export class PgStatements {
  #generation = 0;

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
    return {
      name: generation === 0 ? name : `${name}#${generation}`,
      text,
      // pg does not write to it.
      values: values as unknown[],
    };
  }
}
