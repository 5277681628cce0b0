/** A filter made ready for SQL, with what the order rules out taken away. */
import { RequestError } from "../../domain/errors.ts";
import { FINAL_STATUSES, isFinal, JOB_STATUSES, type JobStatus } from "../../domain/job.ts";
import { jsonIssue, textIssue } from "../../domain/storable.ts";
import { distinctJobIds } from "../job-ids.ts";
import type { JobListFilter, ListField } from "./job-list.ts";

const IDS_MAX = 10_000;

/** Null means no condition. Times are milliseconds since 1970. */
export interface NarrowFilter {
  /** Never empty; all seven where the filter names none. */
  readonly statuses: readonly JobStatus[];
  readonly ids: readonly string[] | null;
  readonly types: readonly string[] | null;
  readonly queues: readonly string[] | null;
  readonly tags: readonly string[] | null;
  readonly createdAfterMs: number | null;
  readonly createdBeforeMs: number | null;
  readonly finishedAfterMs: number | null;
  readonly finishedBeforeMs: number | null;
  readonly name: string | null;
  /** JSON text. */
  readonly payload: string | null;
}

/**
 * Null if nothing can match: an empty list, statuses that the order or a finished time excludes, or
 * text that the database cannot hold.
 *
 * @throws RequestError BAD_USER_INPUT for more than 10,000 ids
 */
export function narrowFilter(filter: JobListFilter, field: ListField): NarrowFilter | null {
  const { ids, status, type, queue, tags, name, payload } = filter;
  if (ids !== undefined && ids.length > IDS_MAX) {
    throw new RequestError("BAD_USER_INPUT", `\`ids\` may name at most ${IDS_MAX} jobs`);
  }
  if ([ids, status, type, queue, tags].some((list) => list?.length === 0)) return null;
  if (![...(tags ?? []), name ?? ""].every((text) => textIssue(text) === null)) return null;
  if (payload !== undefined && jsonIssue(payload) !== null) return null;
  const statuses = possibleStatuses(filter, field);
  const jobIds = ids === undefined ? null : distinctJobIds(ids);
  if (statuses.length === 0 || jobIds?.length === 0) return null;
  return {
    statuses,
    ids: jobIds,
    types: type ?? null,
    queues: queue ?? null,
    tags: tags ?? null,
    createdAfterMs: filter.createdAfterMs ?? null,
    createdBeforeMs: filter.createdBeforeMs ?? null,
    finishedAfterMs: filter.finishedAfterMs ?? null,
    finishedBeforeMs: filter.finishedBeforeMs ?? null,
    name: name ?? null,
    payload: payload === undefined ? null : JSON.stringify(payload),
  };
}

export function hasFinishedTime(filter: NarrowFilter): boolean {
  return filter.finishedAfterMs !== null || filter.finishedBeforeMs !== null;
}

/** True if a time is asked for that the order's key does not carry. */
export function hasTimeBesides(field: ListField, filter: NarrowFilter): boolean {
  if (field === "CREATED_AT") return hasFinishedTime(filter);
  return filter.createdAfterMs !== null || filter.createdBeforeMs !== null;
}

export function isSearch(filter: NarrowFilter): boolean {
  return filter.name !== null || filter.payload !== null;
}

/** True if the jobs that match can be told from the counters by lane and status. */
export function isCountable(filter: NarrowFilter): boolean {
  const { ids, tags, createdAfterMs, createdBeforeMs } = filter;
  const conditions = [ids, tags, createdAfterMs, createdBeforeMs];
  return conditions.every((each) => each === null) && !hasFinishedTime(filter) && !isSearch(filter);
}

function possibleStatuses(filter: JobListFilter, field: ListField): JobStatus[] {
  const { status, finishedAfterMs, finishedBeforeMs } = filter;
  const finished = finishedAfterMs !== undefined || finishedBeforeMs !== undefined;
  const ordered =
    field === "PRIORITY" ? JOB_STATUSES.filter((each) => !isFinal(each)) : JOB_STATUSES;
  const possible: readonly JobStatus[] = field === "FINISHED_AT" ? FINAL_STATUSES : ordered;
  return possible.filter(
    (each) => (status?.includes(each) ?? true) && (!finished || isFinal(each)),
  );
}
