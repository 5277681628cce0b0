/** The three reads that a page is made of: rows, whether there are any, and the key at a distance. */
import type { JobRecord } from "../../domain/job-record.ts";
import type { Queryable } from "../database.ts";
import { JOB_COLUMNS, JOB_JOINS, type JobRow, jobRecord } from "../job-rows.ts";
import type { Collection, Walk } from "./choose-source.ts";
import { collectSql } from "./collect-sql.ts";
import type { ListField } from "./job-list.ts";
import { keyColumns, keyOrder, type SortWord } from "./key-columns.ts";
import { EARLIEST, type KeyRange, type ListKey } from "./list-key.ts";
import { bindList, type ListValues } from "./list-statement.ts";
import { walkSql } from "./walk-sql.ts";

export type Source =
  | { readonly kind: "walk"; readonly walk: Walk }
  | { readonly kind: "collection"; readonly collection: Collection };

/** What stays the same in all reads for one page. */
export interface ListScope {
  readonly field: ListField;
  readonly byStatus: boolean;
  readonly byState: boolean;
  readonly byJob: boolean;
  readonly values: Omit<ListValues, RangeValue | "page">;
}

type RangeValue = "lo_rank" | "lo_at" | "lo_id" | "hi_rank" | "hi_at" | "hi_id";

export interface ListedJob {
  readonly job: JobRecord;
  readonly key: ListKey;
  /** All matches, where the source counts them. */
  readonly total: number | null;
}

interface KeyRow {
  id: string;
  key_rank?: number;
  key_at?: string;
}

// Limits are literals in the statements, so few of them keep the statements few.
const ROWS_MAX = [1, 26, 51, 101, 1_001];

/** The first `rows` jobs of `range` as it is walked in `sort` order. */
export async function readRows(
  db: Queryable,
  scope: ListScope,
  source: Source,
  range: KeyRange,
  sort: SortWord,
  rows: number,
): Promise<ListedJob[]> {
  const { field } = scope;
  const rowsMax = ROWS_MAX.find((max) => max >= rows) ?? rows;
  const template = `with page as materialized (
  ${keysSql(scope, source, sort, rowsMax)} limit {page}
)
select ${JOB_COLUMNS}, p.total${keyOutput(field, "p")}
from page p${JOB_JOINS}
order by ${keyOrder(field, sort, "p")}`;
  const { statement, values } = bind("list-jobs", scope, template, range, rows);
  const found = await db.query<JobRow & KeyRow & { total: number | null }>(statement, values);
  return found.map((row) => ({ job: jobRecord(row), key: keyOf(row), total: row.total }));
}

/** Whether `range` has any job. */
export async function hasRows(
  db: Queryable,
  scope: ListScope,
  source: Source,
  range: KeyRange,
  sort: SortWord,
): Promise<boolean> {
  const template = `select 1 as found from (${keysSql(scope, source, sort, 1)} limit 1) x`;
  const { statement, values } = bind("probe-jobs", scope, template, range, 1);
  return (await db.query(statement, values)).length > 0;
}

/** Rows passed in one step: so few that the planner sees no reason to read and sort a whole table. */
const STEP_MAX = 500;

/**
 * The key that has `distance` jobs of `range` before it; null if there are not so many. It goes there
 * in steps of equal length, then one job further.
 */
export async function keyAtDistance(
  db: Queryable,
  scope: ListScope,
  walk: Walk,
  range: KeyRange,
  sort: SortWord,
  distance: number,
): Promise<ListKey | null> {
  const { field } = scope;
  const length = stepLength(distance);
  const near = sort === "asc" ? "lo" : "hi";
  const step = (rows: number) => {
    const keys = keysSql(scope, { kind: "walk", walk }, sort, rows);
    return `(${keys} limit 1 offset ${rows - 1})`.replaceAll(
      new RegExp(`\\{${near}_(\\w+)\\}`, "g"),
      "h.$1",
    );
  };
  const begin = keyColumns(field).replace(/\w+/g, `{${near}_$&} as $&`);
  const template = `with recursive hops as (
  select 0 as n, ${begin}
  union all
  select h.n + 1, ${keyColumns(field, "x")} from hops h
  cross join lateral ${step(length)} x where h.n < ${distance / length}
)
select x.id${keyOutput(field, "x")} from hops h
cross join lateral ${step(1)} x where h.n = ${distance / length}`;
  const { statement, values } = bind("bound-jobs", scope, template, range, 1);
  const [row] = await db.query<KeyRow>(statement, values);
  return row === undefined ? null : keyOf(row);
}

/** The longest step that leads to `distance` exactly. */
function stepLength(distance: number): number {
  let length = Math.min(distance, STEP_MAX);
  while (distance % length !== 0) length -= 1;
  return length;
}

/** The keys of `source`, sorted, with `total`. */
function keysSql(scope: ListScope, source: Source, sort: SortWord, rowsMax: number): string {
  const { field, byStatus } = scope;
  const order = `order by ${keyOrder(field, sort, "u")}`;
  if (source.kind === "collection") {
    return `select u.* from (${collectSql({ field, collection: source.collection, sort, byStatus })}) u ${order}`;
  }
  const rows = walkSql({ ...scope, walk: source.walk, sort, rowsMax });
  return `select u.*, null::float8 as total from (${rows}) u ${order}`;
}

/** The parts of the key besides the id, as text that keeps the microseconds. */
function keyOutput(field: ListField, alias: string): string {
  const at = `, to_char(${alias}.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as key_at`;
  if (field === "CREATED_AT") return "";
  return field === "FINISHED_AT" ? at : `${at}, ${alias}.rank::int as key_rank`;
}

function keyOf(row: KeyRow): ListKey {
  return { rank: row.key_rank ?? 0, at: row.key_at ?? EARLIEST, id: row.id };
}

function bind(
  label: string,
  scope: ListScope,
  template: string,
  { lo, hi }: KeyRange,
  page: number,
): ReturnType<typeof bindList> {
  return bindList(label, template, {
    ...scope.values,
    lo_rank: lo.rank,
    lo_at: lo.at,
    lo_id: lo.id,
    hi_rank: hi.rank,
    hi_at: hi.at,
    hi_id: hi.id,
    page,
  });
}
