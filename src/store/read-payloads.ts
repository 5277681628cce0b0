/** Payloads, apart from their jobs: a list page of them may be a hundred times as large. */
import type { Queryable } from "./database.ts";
import { readByIds } from "./job-ids.ts";

const READ = {
  name: "read-payloads",
  text: `/* read-payloads */
select p.id, j.payload from unnest($1::uuid[]) as p (id)
cross join lateral (select payload from vinyasa.jobs where id = p.id offset 0) j`,
};

/** One payload, a JSON value. @throws Error if there is no such job */
export async function readPayload(db: Queryable, id: string): Promise<unknown> {
  const [row] = await db.query<{ payload: unknown }>(READ, [[id]]);
  if (row === undefined) throw new Error(`job ${id} has no payload`);
  return row.payload;
}

const READ_TEXT = {
  name: "read-payload-text",
  text: `/* read-payload-text */ select payload::text from vinyasa.jobs where id = $1`,
};

/** One payload as JSON text, for whoever parses it elsewhere. @throws Error if there is no such job */
export async function readPayloadText(db: Queryable, id: string): Promise<string> {
  const [row] = await db.query<{ payload: string }>(READ_TEXT, [id]);
  if (row === undefined) throw new Error(`job ${id} has no payload`);
  return row.payload;
}

/** The payloads (JSON values) by job id. Ids that name no job are absent. */
export async function readPayloads(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, unknown>> {
  return readByIds(ids, async (distinct) => {
    const rows = await db.query<{ id: string; payload: unknown }>(READ, [distinct]);
    return new Map(rows.map((row) => [row.id, row.payload]));
  });
}
