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

// As bytes, which can be cut anywhere: each piece of a text would be counted from its start. The payload
// comes first, once, and its pieces are cut from that.
const READ_PIECES = {
  name: "read-payload-pieces",
  text: `/* read-payload-pieces */
with p as materialized (
  select convert_to(payload::text, 'UTF8') as bytes from vinyasa.jobs where id = $1
)
select substring(p.bytes from n * $2::int + 1 for $2::int) as piece
from p cross join lateral generate_series(0, (octet_length(p.bytes) - 1) / $2::int) n order by n`,
};
/** 64 MiB in one piece hold up the event loop for 0.1 s, while they are received and again on the way out. */
const PIECE_BYTES = 1024 * 1024;

/**
 * One payload as bytes of JSON, for whoever parses it elsewhere.
 *
 * @throws Error if there is no such job
 */
export async function readPayloadPieces(
  db: Queryable,
  id: string,
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const rows = await db.query<{ piece: Buffer<ArrayBuffer> }>(READ_PIECES, [id, PIECE_BYTES]);
  if (rows.length === 0) throw new Error(`job ${id} has no payload`);
  return rows.map(({ piece }) => piece);
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
