/** The lanes that a filter by type or queue leaves. */
import type { Database } from "../database.ts";
import type { LaneCatalog } from "../lane-catalog.ts";
import type { LaneScope } from "./choose-source.ts";
import { addCounts, readLaneCounts, type StatusCounts, sumOf } from "./lane-counts.ts";
import type { NarrowFilter } from "./narrow-filter.ts";

/**
 * The lanes of the filter that have jobs in its statuses, with their counts; null where it names no
 * type and no queue.
 */
export async function readLaneScope(
  db: Database,
  lanes: LaneCatalog,
  { types, queues, statuses }: NarrowFilter,
): Promise<LaneScope | null> {
  if (types === null && queues === null) return null;
  const counts = await readLaneCounts(db);
  // Another instance may have made lanes that are not known here yet. Its jobs are counted.
  const allKnown = [...counts.keys()].every((id) => lanes.get(id) !== undefined);
  if (!allKnown) await lanes.load();
  const matching = lanes.matching({ ...(types && { types }), ...(queues && { queues }) });
  const found = new Map<number, StatusCounts>();
  for (const lane of matching) {
    const own = counts.get(lane.id);
    if (own === undefined || sumOf(own, statuses) === 0) continue;
    // A suspect's state is in a lane of its own, and its row of `jobs` where it was submitted: both
    // are named, and its counts are told of the latter.
    found.set(lane.id, addCounts([]));
    found.set(lanes.ordinary(lane).id, addCounts([]));
  }
  for (const lane of matching) {
    const { id } = lanes.ordinary(lane);
    const [before, own] = [found.get(id), counts.get(lane.id)];
    if (before !== undefined && own !== undefined) found.set(id, addCounts([before, own]));
  }
  return { lanes: found, all: addCounts(counts.values()) };
}
