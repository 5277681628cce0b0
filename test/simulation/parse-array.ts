/** PostgreSQL's text of an array, as the store sends its batches. */

/** Elements without their quotes; null for NULL. Nested arrays come back as their text. */
export function parseArray(text: unknown): (string | null)[] {
  if (typeof text !== "string") throw new TypeError("an array was expected as text");
  const items: (string | null)[] = [];
  let at = 1;
  while (at < text.length - 1) {
    const [item, next] = text[at] === '"' ? quoted(text, at) : bare(text, at);
    items.push(item);
    at = next + 1;
  }
  return items;
}

export function parseNumbers(text: unknown): number[] {
  return parseArray(text).map(Number);
}

export function parseTexts(text: unknown): string[] {
  return parseArray(text).map((item) => item ?? "");
}

/** The element and the place after it: a comma or the closing brace. */
function quoted(text: string, begin: number): [string, number] {
  let item = "";
  let at = begin + 1;
  while (text[at] !== '"') {
    if (text[at] === "\\") at += 1;
    item += text[at];
    at += 1;
  }
  return [item, at + 1];
}

function bare(text: string, begin: number): [string | null, number] {
  const comma = text.indexOf(",", begin);
  const end = comma === -1 ? text.length - 1 : comma;
  const item = text.slice(begin, end);
  return [item === "NULL" ? null : item, end];
}
