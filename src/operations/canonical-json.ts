/** JSON text in which two equal values are equal texts. */

/**
 * `value` as JSON with the keys of every object sorted by UTF-16 units; undefined members are left
 * out, as JSON.stringify does. The text is built directly: a sorted copy would have to survive a
 * key named `__proto__`.
 *
 * @param value a JSON value that passed `jsonIssue`, which bounds the depth
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}
