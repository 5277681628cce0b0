/** What tests do to a PostgreSQL server as a whole, each over a connection of its own. */
import { randomBytes } from "node:crypto";
import pg from "pg";

export async function administer(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

export async function answersPostgres(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** `vinyasa_test_<seconds since 1970>_<random>`: the age tells a crashed run's from a living one's. */
export function testDatabaseName(): string {
  return `vinyasa_test_${Math.floor(Date.now() / 1000)}_${randomBytes(4).toString("hex")}`;
}

/** The URL of another database on the same server. */
export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
