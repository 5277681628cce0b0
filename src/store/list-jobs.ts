/**
 * Pages of jobs: every filter and order of the API, by keyset in both directions. A page at ten
 * million jobs costs what the first one costs.
 */
import type { Database } from "./database.ts";
import type { LaneCatalog } from "./lane-catalog.ts";
import { decodeCursor, encodeCursor } from "./lists/cursor.ts";
import { EMPTY_PAGE, type JobListQuery, type JobPage, type ListOrder } from "./lists/job-list.ts";
import type { JobList } from "./lists/job-list-reader.ts";
import {
  above,
  below,
  justAbove,
  justBelow,
  type KeyRange,
  type ListKey,
} from "./lists/list-key.ts";
import type { ListedJob } from "./lists/list-reads.ts";
import { narrowFilter } from "./lists/narrow-filter.ts";
import { LIST_BOUNDS, openList } from "./lists/open-list.ts";

export type {
  JobListFilter,
  JobListQuery,
  JobPage,
  ListField,
  ListOrder,
} from "./lists/job-list.ts";

/**
 * One page. Whether there are further ones is looked up in both directions, so the flags are facts.
 *
 * @throws RequestError BAD_USER_INPUT for a cursor that is none of this order's, or too many ids
 */
export async function listJobs(
  db: Database,
  lanes: LaneCatalog,
  query: JobListQuery,
  bounds = LIST_BOUNDS,
): Promise<JobPage> {
  const { orderBy } = query;
  const after = query.after === null ? null : decodeCursor(orderBy, query.after, "after");
  const before = query.before === null ? null : decodeCursor(orderBy, query.before, "before");
  const filter = narrowFilter(query.filter, orderBy.field);
  if (filter === null) return EMPTY_PAGE;
  const list = await openList(db, lanes, filter, orderBy.field, query.limit, bounds);
  return list === null ? EMPTY_PAGE : readPage(list, query, { after, before });
}

interface Cursors {
  readonly after: ListKey | null;
  readonly before: ListKey | null;
}

async function readPage(list: JobList, query: JobListQuery, cursors: Cursors): Promise<JobPage> {
  const { limit, backward, orderBy } = query;
  const forwardUp = keysRise(orderBy);
  const up = forwardUp !== backward;
  // The page begins at its near cursor, if there is one, and ends at the far one at the latest.
  const near = backward ? cursors.before : cursors.after;
  const far = backward ? cursors.after : cursors.before;
  const [rows, hasBehind, total] = await Promise.all([
    list.rows(between(list.range, near, far, up), up, limit + 1),
    near === null ? false : list.hasAny(behind(list.range, near, up), !up),
    list.countAll(),
  ]);
  const overflows = rows.length > limit;
  const hasAhead =
    overflows || (far !== null && (await list.hasAny(behind(list.range, far, !up), up)));
  const page = overflows ? rows.slice(0, limit) : rows;
  if (backward) page.reverse();
  const isWhole = !overflows && near === null && far === null && list.searchesAll;
  return {
    jobs: page.map(({ job, key }) => ({ job, cursor: encodeCursor(orderBy, key) })),
    hasNextPage: backward ? hasBehind : hasAhead,
    hasPreviousPage: backward ? hasAhead : hasBehind,
    totalCount: isWhole ? rows.length : (totalOf(rows) ?? total),
    searchedAll: list.searchesAll,
  };
}

/** Whether keys rise along the list: the order of priorities is by rank, the lowest runs first. */
function keysRise({ field, direction }: ListOrder): boolean {
  return (direction === "ASC") !== (field === "PRIORITY");
}

function between(
  range: KeyRange,
  near: ListKey | null,
  far: ListKey | null,
  up: boolean,
): KeyRange {
  const [lo, hi] = up ? [near, far] : [far, near];
  const from = lo === null ? range : above(range, lo);
  return hi === null ? from : below(from, hi);
}

/** What a walk that begins at `key` leaves behind it, with `key` itself: its job may still match. */
function behind(range: KeyRange, key: ListKey, up: boolean): KeyRange {
  return up ? below(range, justAbove(key)) : above(range, justBelow(key));
}

function totalOf(rows: readonly ListedJob[]): number | null {
  return rows[0]?.total ?? null;
}
