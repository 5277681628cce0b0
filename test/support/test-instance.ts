/** An instance as the database knows it: it beats once, and does nothing by itself. */
import { randomUUID } from "node:crypto";
import type { Queryable } from "../../src/store/database.ts";
import { type InstanceKey, registerInstance } from "../../src/store/instances.ts";
import type { WorkerSpec } from "../../src/store/read-fleet.ts";

export async function registerTestInstance(
  db: Queryable,
  workers: readonly WorkerSpec[] = [],
): Promise<InstanceKey> {
  const uuid = randomUUID();
  const spec = { uuid, hostname: "test", pid: 1, codeVersion: 2, workers };
  return { id: await registerInstance(db, spec), uuid };
}
