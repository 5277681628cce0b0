/** What PostgreSQL's text and jsonb keep unchanged, checked before it gets there. */

/** Why a value cannot be kept, and where in it. */
export interface StorableIssue {
  readonly message: string;
  readonly path: string[];
}

const DEPTH_MAX = 200;

/** `text` without what PostgreSQL refuses, cut to `max` UTF-16 units. */
export function storableText(text: string, max: number): string {
  return text.slice(0, max).replaceAll("\u0000", "\uFFFD").toWellFormed();
}

/** Null if PostgreSQL's text keeps `text` unchanged. */
export function textIssue(text: string): string | null {
  if (text.includes("\u0000")) return "contains the character U+0000, which cannot be stored";
  if (!text.isWellFormed()) return "contains half of a surrogate pair, which is no character";
  return null;
}

/** `reversedPath` grows on the way out, so that a value without an issue costs no path at all. */
interface Found {
  readonly message: string;
  readonly reversedPath: string[];
}

interface Walk {
  nodesLeft: number;
}

/**
 * The first thing in `value` that jsonb would refuse or change: U+0000 (22P05), a lone surrogate
 * (22P02), an integer past 2^53 (its digits are lost before we see it), NaN, a value that is no
 * JSON, or nesting deeper than 200. Null if there is none. Never throws. -0 passes, and is kept as 0.
 *
 * @param path put in front of the issue's own path
 * @param nodesMax values looked at before it gives up with an issue: 30 arrays that each hold the
 * next one twice are 2^30 values
 */
export function jsonIssue(
  value: unknown,
  path: readonly string[] = [],
  nodesMax = Number.POSITIVE_INFINITY,
): StorableIssue | null {
  try {
    const found = find(value, 0, { nodesLeft: nodesMax });
    return found && { message: found.message, path: [...path, ...found.reversedPath.reverse()] };
  } catch {
    // A getter or a proxy of an executor's result threw.
    return { message: "cannot be read without an error", path: [...path] };
  }
}

function find(value: unknown, depth: number, walk: Walk): Found | null {
  walk.nodesLeft -= 1;
  if (walk.nodesLeft < 0) return here("has too many values");
  switch (typeof value) {
    case "string":
      return here(textIssue(value));
    case "number":
      return here(numberIssue(value));
    case "boolean":
      return null;
    case "object":
      return value === null ? null : findInside(value, depth, walk);
    case "undefined":
      return here("is undefined, which is no JSON value");
    default:
      return here(`is a ${typeof value}, which is no JSON value`);
  }
}

function here(message: string | null): Found | null {
  return message === null ? null : { message, reversedPath: [] };
}

function numberIssue(value: number): string | null {
  if (!Number.isFinite(value)) return "is a number that JSON cannot hold";
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return "is an integer past 2^53, whose last digits are lost in JavaScript; send it as a string";
  }
  return null;
}

function findInside(value: object, depth: number, walk: Walk): Found | null {
  if (depth >= DEPTH_MAX) return here(`is nested deeper than ${DEPTH_MAX}`);
  const isArray = Array.isArray(value);
  if (!isArray && !isPlain(value)) return here(`is a ${classOf(value)}, which is no JSON value`);
  // JSON.stringify would store what that function returns.
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    return here("has a toJSON function, so it is no JSON value");
  }
  if (isArray) return findInArray(value, depth, walk);
  return findInObject(value as Record<string, unknown>, depth, walk);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function classOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? storableText(name, 100) : "special object";
}

function findInArray(items: readonly unknown[], depth: number, walk: Walk): Found | null {
  // By index: a hole is an undefined that forEach would skip and JSON.stringify would make null.
  for (let index = 0; index < items.length; index += 1) {
    const found = find(items[index], depth + 1, walk);
    if (found !== null) return at(found, String(index));
  }
  return null;
}

function findInObject(members: Record<string, unknown>, depth: number, walk: Walk): Found | null {
  for (const key of Object.keys(members)) {
    const bad = textIssue(key);
    if (bad !== null) return here(`has a key that ${bad}`);
    const item = members[key];
    // An undefined member is left out by JSON.stringify: nothing of it would be stored.
    if (item === undefined) continue;
    const found = find(item, depth + 1, walk);
    if (found !== null) return at(found, key);
  }
  return null;
}

function at(found: Found, key: string): Found {
  found.reversedPath.push(key);
  return found;
}
