/** The columns of an order's key, as SQL lists. */
import type { ListField } from "./job-list.ts";

export type SortWord = "asc" | "desc";
type Part = "rank" | "at" | "id";

const PARTS: Record<ListField, readonly Part[]> = {
  CREATED_AT: ["id"],
  FINISHED_AT: ["at", "id"],
  PRIORITY: ["rank", "at", "id"],
};

/** "rank, at, id", or what of them the order has; each behind `alias` and a dot if one is given. */
export function keyColumns(field: ListField, alias?: string): string {
  return parts(field, alias).join(", ");
}

export function keyOrder(field: ListField, sort: SortWord, alias?: string): string {
  return parts(field, alias)
    .map((part) => `${part} ${sort}`)
    .join(", ");
}

function parts(field: ListField, alias?: string): string[] {
  return PARTS[field].map((part) => (alias === undefined ? part : `${alias}.${part}`));
}

/** The condition that `columns`, behind the same `prefix` columns, lie between the two bounds. */
export function keyBetween(
  field: ListField,
  columns: readonly string[],
  prefix: readonly { readonly column: string; readonly value: string }[] = [],
): string {
  const left = [...prefix.map((each) => each.column), ...columns].join(", ");
  const bound = (end: "lo" | "hi") =>
    [...prefix.map((each) => each.value), ...PARTS[field].map((part) => `{${end}_${part}}`)].join(
      ", ",
    );
  return `(${left}) > (${bound("lo")}) and (${left}) < (${bound("hi")})`;
}
