/** What PostgreSQL's text and jsonb keep unchanged, checked before it gets there. */

/** Why a value cannot be kept, and where in it. */
export interface StorableIssue {
  readonly message: string;
  readonly path: string[];
}

const DEPTH_MAX = 200;
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is exactly what text cannot hold.
const NUL = /\u0000/g;
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** `text` without what PostgreSQL refuses, cut to `max` UTF-16 units. */
export function storableText(text: string, max: number): string {
  return text.slice(0, max).replace(NUL, "\uFFFD").replace(LONE_SURROGATE, "\uFFFD");
}

/** Null if PostgreSQL's text keeps `text` unchanged. */
export function textIssue(text: string): string | null {
  if (text.includes("\u0000")) return "contains the character U+0000, which cannot be stored";
  if (!text.isWellFormed()) return "contains half of a surrogate pair, which is no character";
  return null;
}

/**
 * The first thing in `value` that jsonb would refuse or change: U+0000 (22P05), a lone surrogate
 * (22P02), a number past 2^53 (its digits are lost before we see it), NaN, a value that is no JSON,
 * or nesting deeper than 200. Null if there is none.
 */
export function jsonIssue(value: unknown, path: string[] = []): StorableIssue | null {
  switch (typeof value) {
    case "string":
      return issueOrNull(textIssue(value), path);
    case "number":
      return issueOrNull(numberIssue(value), path);
    case "boolean":
      return null;
    case "object":
      return value === null ? null : containerIssue(value, path);
    default:
      return { message: `a ${typeof value} is no JSON value`, path };
  }
}

function issueOrNull(message: string | null, path: string[]): StorableIssue | null {
  return message === null ? null : { message, path };
}

function numberIssue(value: number): string | null {
  if (!Number.isFinite(value)) return "is a number that JSON cannot hold";
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return "is an integer past 2^53, whose last digits are lost in JavaScript; send it as a string";
  }
  return null;
}

function containerIssue(value: object, path: string[]): StorableIssue | null {
  if (path.length >= DEPTH_MAX) return { message: `is nested deeper than ${DEPTH_MAX}`, path };
  if (Array.isArray(value)) return firstIssue(value.entries(), path);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return { message: `a ${value.constructor?.name ?? "special object"} is no JSON value`, path };
  }
  return firstIssue(Object.entries(value), path);
}

function firstIssue(
  entries: Iterable<[string | number, unknown]>,
  path: string[],
): StorableIssue | null {
  for (const [key, item] of entries) {
    const at = [...path, String(key)];
    if (typeof key === "string") {
      const bad = textIssue(key);
      if (bad !== null) return { message: `has a key that ${bad}`, path };
    }
    // An undefined member is left out by JSON.stringify: nothing of it would be stored.
    if (item === undefined && typeof key === "string") continue;
    const issue = jsonIssue(item, at);
    if (issue !== null) return issue;
  }
  return null;
}
