/** A database seen through a test: it notes, changes, delays or loses the answers of statements. */
import type { Database, Statement } from "../../src/store/database.ts";

type Query = (statement: Statement, values?: readonly unknown[]) => Promise<readonly unknown[]>;

/** `real`, but for its `query`. What runs in a transaction goes past it. */
export function withQuery(real: Database, query: Query): Database {
  return new Proxy(real, {
    get(target, name) {
      if (name === "query") return query;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
