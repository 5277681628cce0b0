/** Variables as a text that is the same for the same values. */

/** What would cost more to keep as a key than it could save. */
const CHARS_MAX = 4_096;

/** Null: too long to be worth comparing. Members come in the order of their names. */
export function canonicalVariables(
  variables: Readonly<Record<string, unknown>> | null | undefined,
): string | null {
  const text = JSON.stringify(variables ?? {}, (_name, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? inOrder(value) : value,
  );
  return text.length > CHARS_MAX ? null : text;
}

function inOrder(value: object): object {
  const entries = Object.entries(value);
  if (entries.length < 2) return value;
  // No prototype: "__proto__" is a name like any other.
  const ordered: Record<string, unknown> = Object.create(null);
  for (const [name, member] of entries.sort(([a], [b]) => (a < b ? -1 : 1))) ordered[name] = member;
  return ordered;
}
