/** Both kinds of database, each with a clock that stands still until a test moves it. */
import pino from "pino";
import { describe } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { openEmbedded } from "../../src/store/embedded-database.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { administer } from "../support/administer.ts";
import { createTestFolder } from "../support/embedded.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { CREATE_CLOCK, SEARCH_PATH } from "./set-clock.ts";

const log = pino({ level: "silent" });

export type OpenStore = () => Promise<Database>;

/** The tests get a function that opens a migrated, empty database; they close it. */
export interface ClockedTests {
  readonly postgres: (open: OpenStore) => void;
  readonly embedded: (open: OpenStore) => void;
}

export function describeClockedStores(name: string, tests: ClockedTests): void {
  describeWithPostgres(`${name}, in PostgreSQL`, () => {
    tests.postgres(async () => {
      const { url } = await createTestDatabase();
      await administer(url, CREATE_CLOCK);
      const database = new URL(url).pathname.slice(1);
      await administer(url, `alter database "${database}" set search_path = ${SEARCH_PATH}`);
      return openPostgres({ url, poolMax: 2, role: "engine", log });
    });
  });
  describe(`${name}, in the embedded database`, () => {
    tests.embedded(async () => {
      const db = await openEmbedded({ folder: await createTestFolder(), log, fsync: false });
      await db.script(`${CREATE_CLOCK} set search_path = ${SEARCH_PATH};`);
      return db;
    });
  });
}
