/**
 * Before all tests: finds the servers and makes one migrated template database, which each test file
 * clones. After them: drops what it made.
 */
import { createHash } from "node:crypto";
import pino from "pino";
import type { TestProject } from "vitest/node";
import { migrate } from "../../src/store/migrate.ts";
import { readMigrations } from "../../src/store/migration-files.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { administer, databaseUrl, testDatabaseName } from "./administer.ts";
import { findPostgres, findRedis } from "./test-servers.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** A superuser's or database creator's URL, of a database that tests leave alone. */
    readonly postgresUrl: string | null;
    readonly redisUrl: string | null;
    /** The migrated database to clone. */
    readonly templateDatabase: string;
    /** Names all migrations with their texts. */
    readonly schemaChecksum: string;
  }
}

const LEFTOVER_AGE_S = 3_600;

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, redis] = await Promise.all([findPostgres(), findRedis()]);
  const checksum = await schemaChecksum();
  const template = `${testDatabaseName()}_${checksum}`;
  if (postgres.url !== null) await makeTemplate(postgres.url, template);
  else warn("no PostgreSQL: set VINYASA_TEST_DATABASE_URL, or install it. ITS TESTS ARE SKIPPED.");
  if (redis.url === null) {
    warn("no Redis: set VINYASA_TEST_REDIS_URL, or install it. ITS TESTS ARE SKIPPED.");
  }
  project.provide("postgresUrl", postgres.url);
  project.provide("redisUrl", redis.url);
  project.provide("templateDatabase", template);
  project.provide("schemaChecksum", checksum);
  return async () => {
    if (postgres.url !== null)
      await administer(postgres.url, `drop database if exists "${template}"`);
    await Promise.all([postgres.stop(), redis.stop()]);
  };
}

async function makeTemplate(url: string, name: string): Promise<void> {
  await dropLeftovers(url);
  await administer(url, `create database "${name}"`);
  const log = pino({ level: "silent" });
  const db = await openPostgres({ url: databaseUrl(url, name), poolMax: 1, role: "api", log });
  await migrate(db);
  await db.close();
}

async function dropLeftovers(url: string): Promise<void> {
  const { rows } = await administer(
    url,
    `select datname from pg_database d where datname ~ '^vinyasa_test_\\d{10}_'
      and not exists (select from pg_stat_activity a where a.datname = d.datname)`,
  );
  const oldest = Math.floor(Date.now() / 1000) - LEFTOVER_AGE_S;
  for (const { datname } of rows) {
    // Another run may drop it at the same moment, or have begun to use it: both are fine.
    if (Number(datname.split("_")[2]) < oldest) {
      await administer(url, `drop database if exists "${datname}"`).catch((error: unknown) =>
        warn(`the leftover ${datname} stays: ${String(error)}`),
      );
    }
  }
}

async function schemaChecksum(): Promise<string> {
  const hash = createHash("sha256");
  for (const { checksum } of await readMigrations()) hash.update(checksum);
  return hash.digest("hex").slice(0, 12);
}

function warn(message: string): void {
  process.stderr.write(`\n*** ${message}\n\n`);
}
