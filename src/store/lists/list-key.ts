/** Where a job stands in an order: what cursors carry and scans are bounded by. */

/**
 * Compared part by part, in this order. A part that an order does not use is the same in all its
 * keys: `rank` 0, `at` EARLIEST.
 */
export interface ListKey {
  /** The negative priority, so that the order in which jobs run is ascending. */
  readonly rank: number;
  /** UTC with microseconds, as the database keeps it: "2026-11-24T07:20:00.123456Z". */
  readonly at: string;
  readonly id: string;
}

export const EARLIEST = "0001-01-01T00:00:00.000000Z";
export const LATEST = "9999-12-31T23:59:59.999999Z";
export const FIRST_ID = "00000000-0000-0000-0000-000000000000";
export const LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";
/** Beyond what a smallint, or its negation, can be. */
const RANK_BOUND = 100_000;

/** Keys between `lo` and `hi`, without the two. */
export interface KeyRange {
  readonly lo: ListKey;
  readonly hi: ListKey;
}

export const EVERYTHING: KeyRange = {
  lo: { rank: -RANK_BOUND, at: EARLIEST, id: FIRST_ID },
  hi: { rank: RANK_BOUND, at: LATEST, id: LAST_ID },
};

export function compareKeys(a: ListKey, b: ListKey): number {
  return a.rank - b.rank || compareText(a.at, b.at) || compareText(a.id, b.id);
}

export function isEmptyRange({ lo, hi }: KeyRange): boolean {
  return compareKeys(lo, hi) >= 0;
}

/** The part of `range` above `key`, without it. */
export function above(range: KeyRange, key: ListKey): KeyRange {
  return { lo: compareKeys(range.lo, key) < 0 ? key : range.lo, hi: range.hi };
}

/** The part of `range` below `key`, without it. */
export function below(range: KeyRange, key: ListKey): KeyRange {
  return { lo: range.lo, hi: compareKeys(range.hi, key) > 0 ? key : range.hi };
}

/** The key next below `key`: a range that begins there includes `key`. */
export function justBelow(key: ListKey): ListKey {
  return { ...key, id: neighbour(key.id, -1n) };
}

/** The key next above `key`: a range that ends there includes `key`. */
export function justAbove(key: ListKey): ListKey {
  return { ...key, id: neighbour(key.id, 1n) };
}

/** The id next to `id`; the first and the last one, which no job has, stay themselves. */
function neighbour(id: string, step: bigint): string {
  const number = BigInt(`0x${id.replaceAll("-", "")}`) + step;
  if (number < 0n) return FIRST_ID;
  const hex = number.toString(16).padStart(32, "0");
  return hex.length > 32 ? LAST_ID : toUuid(hex);
}

const ID_TIME_MAX = 2 ** 48 - 1;

/** The id that parts those made before `ms` (below it) from those made at `ms` or later. */
export function idAtMs(ms: number): string {
  if (ms <= 0) return FIRST_ID;
  if (ms > ID_TIME_MAX) return LAST_ID;
  return toUuid(Math.ceil(ms).toString(16).padStart(12, "0").padEnd(32, "0"));
}

/** `ms` since 1970 as a key's `at`. */
export function keyTime(ms: number): string {
  if (ms <= Date.parse(EARLIEST)) return EARLIEST;
  if (ms >= Date.parse(LATEST)) return LATEST;
  return new Date(Math.ceil(ms)).toISOString().replace("Z", "000Z");
}

function toUuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
