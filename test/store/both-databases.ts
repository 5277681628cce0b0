/** Tests that hold for PostgreSQL and for the embedded database alike. */
import pino from "pino";
import { describe } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { openEmbedded } from "../../src/store/embedded-database.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestFolder } from "../support/embedded.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";

const log = pino({ level: "silent" });

/** @param tests get a function that opens a migrated, empty database; they close it */
export function describeBothDatabases(
  name: string,
  tests: (open: () => Promise<Database>) => void,
): void {
  describeWithPostgres(`${name}, in PostgreSQL`, () => {
    tests(async () => {
      const { url } = await createTestDatabase();
      return openPostgres({ url, poolMax: 3, role: "api", log });
    });
  });
  describe(`${name}, in the embedded database`, () => {
    tests(async () => openEmbedded({ folder: await createTestFolder(), log, fsync: false }));
  });
}
