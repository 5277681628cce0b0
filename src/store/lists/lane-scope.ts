/** The lanes that a filter by type or queue leaves. */
import type { Database } from "../database.ts";
import type { LaneCatalog } from "../lane-catalog.ts";
import type { LaneScope } from "./choose-source.ts";
import { addCounts, readLaneCounts, sumOf } from "./lane-counts.ts";
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
  const matching = lanes
    .matching({ ...(types !== null && { types }), ...(queues !== null && { queues }) })
    .map(({ id }) => [id, counts.get(id)] as const)
    .filter((entry): entry is [number, NonNullable<(typeof entry)[1]>] => {
      return entry[1] !== undefined && sumOf(entry[1], statuses) > 0;
    });
  return { lanes: new Map(matching), all: addCounts(counts.values()) };
}
