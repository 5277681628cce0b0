/** What sides ask of their database besides their own work. */
import { setTimeout } from "node:timers/promises";
import pg from "pg";

export async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Statistics and visibility as a server that has run for a while has them. */
export async function vacuum(client: pg.Client): Promise<void> {
  await client.query("vacuum analyze");
}

/** Resolves when `select` returns no row: the last commit has come through. */
export async function untilNone(client: pg.Client, select: string): Promise<void> {
  for (;;) {
    const { rows } = await client.query(`select exists (${select}) as some`);
    if (rows[0].some === false) return;
    await setTimeout(1);
  }
}
