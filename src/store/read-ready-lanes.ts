/** Which lanes have ready jobs, found by jumping from lane to lane along the index. */
import type { Queryable } from "./database.ts";

const READ = {
  name: "read-ready-lanes",
  text: `/* read-ready-lanes */
with recursive found (lane) as (
  (select lane from vinyasa.ready_jobs where lane > $2::int order by lane limit 1)
  union all
  select (select r.lane from vinyasa.ready_jobs r where r.lane > found.lane order by r.lane limit 1)
  from found where found.lane is not null
)
select lane from found where lane is not null limit $1::int`,
};

/**
 * At most `limit` of them, in the order of their numbers: the cost is of these, not of all lanes.
 *
 * @param after the number of a lane: only those behind it
 */
export async function readReadyLanes(
  db: Queryable,
  limit: number,
  after: number,
): Promise<number[]> {
  const rows = await db.query<{ lane: number }>(READ, [limit, after]);
  return rows.map((row) => row.lane);
}
