/** A filter as the parameters of the statements that read a page. */
import { statusCode } from "../../domain/job.ts";
import type { LaneScope } from "./choose-source.ts";
import { EARLIEST, FIRST_ID, idAtMs, keyTime, LAST_ID, LATEST } from "./list-key.ts";
import type { ListScope } from "./list-reads.ts";
import type { NarrowFilter } from "./narrow-filter.ts";

/**
 * @param scope the lanes of the filter, null for any
 */
export function listValues(filter: NarrowFilter, scope: LaneScope | null): ListScope["values"] {
  const { createdAfterMs, createdBeforeMs, finishedAfterMs, finishedBeforeMs } = filter;
  return {
    statuses: filter.statuses.map(statusCode),
    lanes: scope === null ? null : [...scope.lanes.keys()],
    ids: filter.ids,
    created_from: createdAfterMs === null ? FIRST_ID : idAtMs(createdAfterMs),
    created_to: createdBeforeMs === null ? LAST_ID : idAtMs(createdBeforeMs),
    finished_from: finishedAfterMs === null ? EARLIEST : keyTime(finishedAfterMs),
    finished_to: finishedBeforeMs === null ? LATEST : keyTime(finishedBeforeMs),
    tags: filter.tags,
    name: filter.name,
    payload: filter.payload,
  };
}

/** The same list without the conditions that a walk tests row by row. */
export function unfiltered(scope: ListScope): ListScope {
  return { ...scope, byStatus: false, byState: false, byJob: false };
}
