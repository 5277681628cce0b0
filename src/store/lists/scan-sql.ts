/**
 * One index scan, in an order that only that index has, bounded on both sides and cut off after a
 * fixed number of rows. Three fences keep the planner on it, with statistics, without any and in
 * generic plans:
 *
 * - bounds compare whole rows of index columns ("(status, job_id) > (5, $1)"), so that no other
 *   index delivers their order; with "status = 5" the planner takes the primary key and filters;
 * - every condition that the index does not serve stands inside coalesce(), where the planner
 *   knows nothing of how few rows pass it, and finds no reason to collect and sort instead;
 * - limits are literals: of a parameter the planner assumes a tenth of the table.
 *
 * The sessions have incremental sorts off: they let in indexes that share only the first column.
 */
import type { ListField } from "./job-list.ts";
import { keyBetween, type SortWord } from "./key-columns.ts";

export interface Scan {
  readonly table: string;
  /** The table's expressions for the parts of the order's key, in their order. */
  readonly key: readonly string[];
  /** Index columns before the key, and what they equal. */
  readonly prefix?: readonly { readonly column: string; readonly value: string }[];
  /** Conditions on the row `t`. */
  readonly conditions: readonly string[];
  /** A condition without any column: false, and the scan does not begin. */
  readonly gate?: string;
}

/** A SELECT with the columns of the key: rank, at and id, or what of them the order has. */
export function scanSql(field: ListField, scan: Scan, sort: SortWord, rowsMax: number): string {
  const { table, key, prefix = [], conditions, gate } = scan;
  const names = ["rank", "at", "id"].slice(-key.length);
  const order = [...prefix.map((each) => each.column), ...key].map((each) => `${each} ${sort}`);
  const where = [
    ...(gate === undefined ? [] : [gate]),
    keyBetween(field, key, prefix),
    ...conditions.map((each) => `coalesce(${each}, false)`),
  ];
  return `select ${key.map((each, i) => `${each} as ${names[i]}`).join(", ")}
  from ${table} t where ${where.join("\n    and ")}
  order by ${order.join(", ")} limit ${rowsMax}`;
}

export const IN_LANES = "({lanes} is null or t.lane = any({lanes}))";

/** The conditions on a row `alias` of `jobs` that need the row itself. */
export function jobMatches(alias: string): string {
  return `(({tags} is null or ${alias}.tags @> {tags})
      and ({name} is null or starts_with(lower(${alias}.name), lower({name})))
      and ({payload} is null or ${alias}.payload @> {payload}))`;
}

/** The same for the job `id`, looked up: a subquery in this place cannot turn into a hash join. */
export function jobOf(id: string): string {
  return `(select ${jobMatches("j")} from vinyasa.jobs j where j.id = ${id})`;
}
