/** The operations over a real database, with job types that take anything. */
import { pino } from "pino";
import { z } from "zod";
import type { Bus } from "../../src/events/bus.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { defineExecutor } from "../../src/executors/define-executor.ts";
import { Registry } from "../../src/executors/registry.ts";
import { createOperations, type Operations } from "../../src/operations/index.ts";
import type { Database } from "../../src/store/database.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestDatabase } from "../support/postgres.ts";

export interface TestStore {
  readonly db: Database;
  readonly bus: Bus;
  readonly lanes: LaneCatalog;
  readonly executors: Registry;
  readonly operations: Operations;
  /** Rows of `vinyasa.jobs`. */
  countJobs(): Promise<number>;
  close(): Promise<void>;
}

export const testExecutors = new Registry([
  defineExecutor({
    type: "letter",
    description: "Sends a letter.",
    payload: z.object({ to: z.string().min(3) }),
    run: () => null,
  }),
  defineExecutor({
    type: "anything",
    description: "Takes anything.",
    payload: z.unknown(),
    payloadBytesMax: 2_000,
    run: () => null,
  }),
]);

export async function openTestStore(): Promise<TestStore> {
  const { url } = await createTestDatabase();
  const log = pino({ level: "silent" });
  const db = await openPostgres({ url, poolMax: 12, role: "api", log });
  const bus = new InProcessBus(log);
  const lanes = new LaneCatalog(db);
  const executors = testExecutors;
  const operations = createOperations({ db, lanes, executors, bus });
  const count = { name: "count-jobs", text: "select count(*)::int as n from vinyasa.jobs" };
  const countJobs = async () => (await db.query<{ n: number }>(count))[0]?.n ?? Number.NaN;
  return { db, bus, lanes, executors, operations, countJobs, close: () => db.close() };
}
