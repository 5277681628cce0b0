/** The filter of the API, as that of a live list: taken apart into what never changes of a job, and its state. */
import { createHash } from "node:crypto";
import { isFinal, type JobStatus } from "../src/domain/job.ts";
import type { JobRecord } from "../src/domain/job-record.ts";
import type { ChangeFilter } from "../src/events/change-filter.ts";
import { canonicalJson } from "../src/operations/canonical-json.ts";
import type { ReadForLists } from "../src/operations/read-for-lists.ts";
import type { JobListFilter } from "../src/store/list-jobs.ts";

type Jobs = ReadonlyMap<string, JobRecord>;

/** Ids in one statement. */
const IDS_MAX = 1_000;

/**
 * @param wantsJobs the jobs are read even where the filter needs nothing of them
 * @param viewerKey of who asks: what the reads may depend on; null: nobody else reads the same
 */
export function toChangeFilter(
  filter: JobListFilter,
  wantsJobs: boolean,
  viewerKey: string | null,
  reads: ReadForLists,
): ChangeFilter {
  const ids = filter.ids === undefined ? null : new Set(filter.ids.map((id) => id.toLowerCase()));
  const read = readOf(filter, wantsJobs, reads);
  return {
    key: viewerKey === null ? null : keyOf(filter, wantsJobs, viewerKey),
    mayHold: ({ id, type, queue }) =>
      isOneOf(filter.type, type) && isOneOf(filter.queue, queue) && (ids?.has(id) ?? true),
    holdsState: (status, finishedAtMs) => holdsState(filter, status, finishedAtMs),
    read: read === null ? null : (wanted) => inChunks(wanted, read),
  };
}

/** As long for ten thousand ids as for one. The order of what is listed makes no difference. */
function keyOf(filter: JobListFilter, wantsJobs: boolean, viewerKey: string): string {
  const { ids, ...others } = filter;
  const lists = { ...others, ...(ids && { ids: ids.map((id) => id.toLowerCase()) }) };
  const sorted = Object.entries(lists).map(([name, value]) => [
    name,
    // Within a payload it does.
    name !== "payload" && Array.isArray(value) ? [...new Set(value)].sort() : value,
  ]);
  const text = canonicalJson([viewerKey, wantsJobs, Object.fromEntries(sorted)]);
  return createHash("sha256").update(text).digest("base64url");
}

function isOneOf(list: readonly string[] | undefined, value: string): boolean {
  return list === undefined || list.includes(value);
}

/** @param finishedAtMs undefined where only the status is known: then it may be any time */
function holdsState(
  { status: statuses, finishedAfterMs, finishedBeforeMs }: JobListFilter,
  status: JobStatus,
  finishedAtMs: number | null | undefined,
): boolean {
  if (statuses !== undefined && !statuses.includes(status)) return false;
  if (finishedAfterMs === undefined && finishedBeforeMs === undefined) return true;
  if (!isFinal(status)) return false;
  if (finishedAtMs == null) return true;
  return (
    finishedAtMs >= (finishedAfterMs ?? 0) && !(finishedAtMs >= (finishedBeforeMs ?? Infinity))
  );
}

function readOf(
  filter: JobListFilter,
  wantsJobs: boolean,
  { readJobs, listJobs }: ReadForLists,
): ((ids: readonly string[]) => Promise<Jobs>) | null {
  const { status: _status, finishedAfterMs, finishedBeforeMs, ...lasting } = filter;
  const { tags, name, payload, createdAfterMs, createdBeforeMs } = lasting;
  const asked = [tags, name, payload, createdAfterMs, createdBeforeMs];
  if (asked.every((condition) => condition === undefined)) {
    const hasTime = finishedAfterMs !== undefined || finishedBeforeMs !== undefined;
    return wantsJobs || hasTime ? readJobs : null;
  }
  return async (ids) => {
    const page = await listJobs({
      filter: { ...lasting, ids },
      orderBy: { field: "CREATED_AT", direction: "ASC" },
      ...{ limit: ids.length, after: null, before: null, backward: false },
    });
    return new Map(page.jobs.map(({ job }) => [job.id, job]));
  };
}

async function inChunks(
  ids: readonly string[],
  read: (ids: readonly string[]) => Promise<Jobs>,
): Promise<Jobs> {
  const found = new Map<string, JobRecord>();
  for (let at = 0; at < ids.length; at += IDS_MAX) {
    for (const [id, job] of await read(ids.slice(at, at + IDS_MAX))) found.set(id, job);
  }
  return found;
}
