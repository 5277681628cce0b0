/** Which of some lanes have ready jobs, and whose first job is to run before the others'. */
import type { LanePlace } from "../domain/lane-place.ts";
import { bareArray } from "./array-literal.ts";
import { NOT_EXPIRED } from "./claim-jobs.ts";
import type { Queryable } from "./database.ts";

// One look at the primary key a lane, from where live rows begin: what the claim's peek does.
const READ = {
  name: "read-lane-heads",
  text: `/* read-lane-heads */
select l.lane from unnest($1::int[], $2::int[], $3::float8[]) as l (lane, from_rank, from_ms)
cross join lateral (
  select * from vinyasa.ready_jobs r
  where r.lane = l.lane and (r.rank, r.at) >= (l.from_rank, to_timestamp(l.from_ms / 1000))
    and ${NOT_EXPIRED}
  order by r.lane, r.rank, r.at, r.job_id limit 1
) h
order by h.rank, h.at, h.job_id limit $4::int`,
};

/** Lanes that have a ready job, the one with the best first: at most `limit` of them. */
export async function readLaneHeads(
  db: Queryable,
  lanes: readonly { readonly lane: number; readonly from: LanePlace }[],
  limit: number,
): Promise<number[]> {
  const rows = await db.query<{ lane: number }>(READ, [
    bareArray(lanes.map(({ lane }) => lane)),
    bareArray(lanes.map(({ from }) => from.rank)),
    bareArray(lanes.map(({ from }) => from.atMs)),
    limit,
  ]);
  return rows.map(({ lane }) => lane);
}
