/** Waiting for a database to come to rest, by asking the database itself. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

const OPEN = `select (select count(*) from vinyasa.blocked_jobs)
  + (select count(*) from vinyasa.scheduled_jobs) + (select count(*) from vinyasa.ready_jobs)
  + (select count(*) from vinyasa.running_jobs) as open`;

const WHERE = `select s.state, l.queue, l.type, l.suspect, s.instance, count(*)::int as jobs from (
    select 'SCHEDULED' as state, lane, null::int as instance from vinyasa.scheduled_jobs
    union all select 'PENDING', lane, null from vinyasa.ready_jobs
    union all select 'RUNNING', lane, instance from vinyasa.running_jobs
  ) s join vinyasa.lanes l on l.id = s.lane group by 1, 2, 3, 4, 5`;

/** Resolves when no job waits or runs. @throws Error after `maxMs`, saying where they still do */
export async function untilSettled(url: string, maxMs: number): Promise<void> {
  try {
    await untilInDatabase(url, OPEN, (row) => Number(row.open) === 0, maxMs);
  } catch (error) {
    const open = await queryOnce(url, WHERE);
    throw new Error(`still open after ${maxMs} ms: ${JSON.stringify(open)}`, { cause: error });
  }
}

/** Asks until `isSo` holds of the first row; a database that is away is asked again. */
export async function untilInDatabase(
  url: string,
  sql: string,
  isSo: (row: Record<string, unknown>) => boolean,
  maxMs: number,
): Promise<void> {
  const giveUpAt = performance.now() + maxMs;
  let last: unknown;
  while (performance.now() < giveUpAt) {
    try {
      await withClient(url, async (client) => {
        while (performance.now() < giveUpAt) {
          const { rows } = await client.query(sql);
          [last] = rows;
          if (isSo(rows[0] ?? {})) return;
          await sleep(50);
        }
      });
      if (isSo((last ?? {}) as Record<string, unknown>)) return;
    } catch (error) {
      last = error;
      await sleep(100);
    }
  }
  throw new Error(`not settled after ${maxMs} ms: ${JSON.stringify(last) ?? last}`);
}

export async function queryOnce(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  return withClient(url, async (client) => (await client.query(sql, values)).rows);
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
