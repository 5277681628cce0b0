/** The times of a filter as bounds of the key that a list is ordered by. */
import type { ListField } from "./job-list.ts";
import { above, below, EVERYTHING, FIRST_ID, idAtMs, type KeyRange, keyTime } from "./list-key.ts";
import type { NarrowFilter } from "./narrow-filter.ts";

// A job is created before it finishes, but ids are made by the servers' clocks and finished times
// by the database's: no more than this apart, or the deployment has other troubles.
const CLOCK_SKEW_MS_MAX = 86_400_000;

/**
 * The range that the matching jobs' keys lie in. What a time bounds only through the order of
 * events (finished before noon, so created before noon) spares a scan of all that is newer.
 */
export function filterRange(filter: NarrowFilter, field: ListField): KeyRange {
  if (field === "CREATED_AT") return createdRange(filter);
  return field === "FINISHED_AT" ? finishedRange(filter) : EVERYTHING;
}

function createdRange(filter: NarrowFilter): KeyRange {
  const { createdAfterMs, createdBeforeMs, finishedBeforeMs } = filter;
  const key = (ms: number) => ({ rank: 0, at: EVERYTHING.lo.at, id: idAtMs(ms) });
  let range: KeyRange = {
    lo: { ...EVERYTHING.lo, rank: 0 },
    hi: { rank: 0, at: EVERYTHING.lo.at, id: EVERYTHING.hi.id },
  };
  if (createdAfterMs !== null) range = above(range, key(createdAfterMs));
  if (createdBeforeMs !== null) range = below(range, key(createdBeforeMs));
  if (finishedBeforeMs !== null) range = below(range, key(finishedBeforeMs + CLOCK_SKEW_MS_MAX));
  return range;
}

function finishedRange(filter: NarrowFilter): KeyRange {
  const { finishedAfterMs, finishedBeforeMs, createdAfterMs } = filter;
  const key = (ms: number) => ({ rank: 0, at: keyTime(ms), id: FIRST_ID });
  let range: KeyRange = {
    lo: { ...EVERYTHING.lo, rank: 0 },
    hi: { ...EVERYTHING.hi, rank: 0 },
  };
  if (finishedAfterMs !== null) range = above(range, key(finishedAfterMs));
  if (finishedBeforeMs !== null) range = below(range, key(finishedBeforeMs));
  if (createdAfterMs !== null) range = above(range, key(createdAfterMs - CLOCK_SKEW_MS_MAX));
  return range;
}
