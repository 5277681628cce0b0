/**
 * Lists as PostgreSQL's array text. The driver would quote and escape each element, numbers and ids
 * too: with it a finish took Node 2.5 µs a job, without it 1.1.
 */

/** Of numbers, uuids, and nulls. */
export function bareArray(items: readonly (number | string | null)[]): string {
  return items.includes(null)
    ? `{${items.map((item) => item ?? "NULL").join(",")}}`
    : `{${items.join(",")}}`;
}

/** Of text or JSON. */
export function textArray(items: readonly (string | null)[]): string {
  return `{${items.map((item) => (item === null ? "NULL" : quoted(item))).join(",")}}`;
}

/** What comes back as the text of an array of whole numbers without nulls. */
export function numbersOf(text: string): number[] {
  return JSON.parse(`[${text.slice(1, -1)}]`) as number[];
}

/** What comes back as the text of an array of uuids without nulls. */
export function idsOf(text: string): string[] {
  return text === "{}" ? [] : text.slice(1, -1).split(",");
}

function quoted(item: string): string {
  return `"${/["\\]/.test(item) ? item.replace(/["\\]/g, "\\$&") : item}"`;
}
