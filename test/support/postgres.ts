/** A database and a key prefix of a test file's own, on the servers that the global setup found. */
import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, describe, inject } from "vitest";
import { administer, databaseUrl, testDatabaseName } from "./administer.ts";

export interface TestDatabase {
  readonly url: string;
  /** Cuts what is still connected. Done by itself after the file's last test. */
  drop(): Promise<void>;
}

export interface TestRedis {
  readonly url: string;
  /** What is under it is removed after the file's last test. */
  readonly prefix: string;
}

const cleanUps = new Set<() => Promise<void>>();

// Each test file loads this module anew, so this is the end of that file.
afterAll(async () => {
  await Promise.all([...cleanUps].map((cleanUp) => cleanUp()));
});

/** A migrated, empty database: a clone of the template, in about 100 ms. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const admin = inject("postgresUrl");
  if (admin === null) throw new Error("no PostgreSQL: put the tests in describeWithPostgres");
  const name = testDatabaseName();
  await administer(admin, `create database "${name}" template "${inject("templateDatabase")}"`);
  const drop = async () => {
    cleanUps.delete(drop);
    await administer(admin, `drop database if exists "${name}" with (force)`);
  };
  cleanUps.add(drop);
  return { url: databaseUrl(admin, name), drop };
}

/** A key and channel prefix that nobody else uses. */
export function testRedis(): TestRedis {
  const url = inject("redisUrl");
  if (url === null) throw new Error("no Redis: put the tests in describeWithRedis");
  const prefix = `vinyasa_test_${randomBytes(6).toString("hex")}:`;
  cleanUps.add(() => removeKeys(url, prefix));
  return { url, prefix };
}

export const describeWithPostgres = describeWith({ PostgreSQL: "postgresUrl" });
export const describeWithRedis = describeWith({ Redis: "redisUrl" });
export const describeWithBoth = describeWith({ PostgreSQL: "postgresUrl", Redis: "redisUrl" });

/** Like describe, but skipped under a name that says why if a server is missing. */
function describeWith(needed: Record<string, "postgresUrl" | "redisUrl">) {
  return (name: string, tests: () => void): void => {
    const missing = Object.keys(needed).filter(
      (server) => inject(needed[server] ?? "redisUrl") === null,
    );
    if (missing.length === 0) describe(name, tests);
    else describe.skip(`${name} (skipped: no ${missing.join(", no ")})`, tests);
  };
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url);
  try {
    for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 })) {
      if (keys.length > 0) await redis.del(...keys);
    }
  } finally {
    redis.disconnect();
  }
}
