/** How nested and how populous a JSON text may be, found out without building anything of it. */

/** A payload is refused beyond 200; the rest is for what a request wraps around it. */
const DEPTH_MAX = 256;
/** Arrays, objects and members: 10,000 jobs of 100 members each. */
const PARTS_MAX = 1_000_000;
/** Of all lists together: 64 MB of integers with 16 digits are fewer. Ten million took 3 to 9 s. */
const ELEMENTS_MAX = 4_000_000;
/** A shorter text cannot hurt. */
const HARMLESS_CHARS = 64 * 1_024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;

/**
 * Why `text` must not be parsed; null if it may. 32 MB of nothing but brackets keep JSON.parse and
 * whatever looks at the result busy for 15 seconds, in which nobody else is served and no heartbeat
 * is written; to count them takes a tenth of a second.
 */
export function jsonBoundsIssue(text: string): string | null {
  if (text.length <= HARMLESS_CHARS) return null;
  let depth = 0;
  let parts = 0;
  let elements = 0;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charCodeAt(i);
    if (char === QUOTE) {
      i = endOfString(text, i);
    } else if (char === COLON) {
      parts += 1;
    } else if (char === COMMA) {
      elements += 1;
    } else if ((char & 0xdf) === 0x5b) {
      depth += 1;
      parts += 1;
      if (depth > DEPTH_MAX) return `is nested deeper than ${DEPTH_MAX}`;
    } else if ((char & 0xdf) === 0x5d) {
      depth -= 1;
    }
    if (elements > ELEMENTS_MAX) return `has more than ${ELEMENTS_MAX} elements`;
    if (parts > PARTS_MAX) return `has more than ${PARTS_MAX} arrays, objects and members`;
  }
  return null;
}

/** The index of the quote that ends the string which begins at `start`, or the text's end. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

/** An odd number of backslashes stands before it. */
function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}
