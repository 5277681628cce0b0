/** A filter and an order, opened for reading: what is walked, how far, and what else if that fails. */
import { JOB_STATUSES } from "../../domain/job.ts";
import type { Database } from "../database.ts";
import type { LaneCatalog } from "../lane-catalog.ts";
import { chooseSource, type LaneScope } from "./choose-source.ts";
import { estimateTagged } from "./estimate-tagged.ts";
import { filterRange } from "./filter-range.ts";
import type { ListField } from "./job-list.ts";
import { JobList } from "./job-list-reader.ts";
import { readStatusCounts, sumOf } from "./lane-counts.ts";
import { readLaneScope } from "./lane-scope.ts";
import type { ListScope, Source } from "./list-reads.ts";
import { listValues } from "./list-values.ts";
import {
  hasFinishedTime,
  hasTimeBesides,
  isCountable,
  isSearch,
  type NarrowFilter,
} from "./narrow-filter.ts";

/** In jobs. Lists of any length meet them; tests make them small. */
export interface ListBounds {
  /** How many of the newest jobs are searched by name or payload. */
  readonly searched: number;
  /** How many jobs a walk along the order may pass before an index of the condition is asked. */
  readonly horizon: number;
}

/** A search of all is some 0.3 s of the database, a walk to the horizon some 5 ms. */
export const LIST_BOUNDS: ListBounds = { searched: 100_000, horizon: 5_000 };

/**
 * Null if no job can match.
 *
 * @param rows how many rows a page is to show
 */
export async function openList(
  db: Database,
  lanes: LaneCatalog,
  filter: NarrowFilter,
  field: ListField,
  rows: number,
  bounds: ListBounds,
): Promise<JobList | null> {
  const laneScope = await readLaneScope(db, lanes, filter);
  if (laneScope?.lanes.size === 0) return null;
  const scope: ListScope = {
    field,
    byStatus: filter.statuses.length < JOB_STATUSES.length,
    byState: laneScope !== null || hasTimeBesides(field, filter),
    byJob: filter.tags !== null || isSearch(filter),
    values: listValues(filter, laneScope),
  };
  const source = await sourceOf(db, filter, field, laneScope, rows + 1, bounds);
  const list = new JobList(db, scope, source, filterRange(filter, field), {
    horizon: bounds.horizon,
    fallback: source.kind === "walk" ? fallbackOf(filter, field) : null,
    countAll: () => countAll(db, filter, laneScope),
  });
  if (source.kind === "walk" && isSearch(filter)) await list.searchNewest(bounds.searched);
  return list;
}

async function sourceOf(
  db: Database,
  filter: NarrowFilter,
  field: ListField,
  laneScope: LaneScope | null,
  rows: number,
  bounds: ListBounds,
): Promise<Source> {
  if (filter.ids !== null) return { kind: "collection", collection: "ids" };
  if (filter.tags !== null && isSearch(filter)) {
    // Among few tagged jobs the search is complete; many are searched like all others.
    const tagged = await estimateTagged(db, filter.tags);
    if (tagged <= bounds.searched) return { kind: "collection", collection: "tags" };
  }
  const chosen = chooseSource(field, filter.statuses, laneScope, rows);
  return chosen === "all-of-lanes"
    ? { kind: "collection", collection: "lanes" }
    : { kind: "walk", walk: chosen };
}

/** Where the walk may pass over any number of jobs, another index that finds the matching ones. */
function fallbackOf(filter: NarrowFilter, field: ListField): Source | null {
  if (isSearch(filter)) return null;
  if (filter.tags !== null) return { kind: "collection", collection: "tags" };
  const byFinish = field === "CREATED_AT" && hasFinishedTime(filter);
  return byFinish ? { kind: "collection", collection: "finished" } : null;
}

async function countAll(
  db: Database,
  filter: NarrowFilter,
  laneScope: LaneScope | null,
): Promise<number | null> {
  if (!isCountable(filter)) return null;
  if (laneScope === null) return sumOf(await readStatusCounts(db), filter.statuses);
  const counts = [...laneScope.lanes.values()];
  return counts.reduce((sum, each) => sum + sumOf(each, filter.statuses), 0);
}
