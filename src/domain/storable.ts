/** What PostgreSQL's text and jsonb keep unchanged, checked before it gets there. */
import { lossyIssue } from "./lossy-number.ts";

/** Why a value cannot be kept, and where in it. */
export interface StorableIssue {
  readonly message: string;
  readonly path: string[];
  /** It is a number that would not arrive as it was written; as text it would. */
  readonly isNumber?: true;
}

export const JSON_DEPTH_MAX = 200;

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

/** Where the walk is, and what it has found. */
interface Walk {
  readonly path: (string | number)[];
  readonly issues: StorableIssue[];
  nodesLeft: number;
  issuesLeft: number;
}

/**
 * The first thing in `value` that jsonb would refuse or change: U+0000 (22P05), a lone surrogate
 * (22P02), an integer past 2^53 (its digits are lost before we see it), a number whose digits
 * JavaScript has no room for (see `lossyNumber`), NaN, a value that is no JSON, or nesting deeper
 * than 200. Null if there is none. Never throws. -0 passes, and is kept as 0.
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
  const [first] = findIssues(value, path, { nodesLeft: nodesMax, issuesLeft: 1 });
  return first ?? null;
}

/** All of them, in the order of the value, up to `max`. */
export function jsonIssues(value: unknown, path: readonly string[], max: number): StorableIssue[] {
  return findIssues(value, path, { nodesLeft: Number.POSITIVE_INFINITY, issuesLeft: max });
}

function findIssues(
  value: unknown,
  path: readonly string[],
  bounds: Pick<Walk, "nodesLeft" | "issuesLeft">,
): StorableIssue[] {
  const walk: Walk = { ...bounds, path: [...path], issues: [] };
  try {
    find(value, 0, walk);
  } catch {
    // A getter or a proxy of an executor's result threw.
    walk.path.length = path.length;
    report(walk, "cannot be read without an error");
  }
  return walk.issues;
}

function find(value: unknown, depth: number, walk: Walk): void {
  walk.nodesLeft -= 1;
  if (walk.nodesLeft < 0) {
    report(walk, "has too many values");
    walk.issuesLeft = 0;
    return;
  }
  const issue = ownIssue(value, depth);
  if (issue !== null) report(walk, issue, typeof value === "number" && !Number.isNaN(value));
  else if (Array.isArray(value)) findInArray(value, depth, walk);
  else if (typeof value === "object" && value !== null) findInObject(value, depth, walk);
}

/** Of a list or an object: without what is in it. */
function ownIssue(value: unknown, depth: number): string | null {
  switch (typeof value) {
    case "string":
      return textIssue(value);
    case "number":
      return numberIssue(value);
    case "boolean":
      return null;
    case "object":
      return value === null ? null : objectIssue(value, depth);
    case "undefined":
      return "is undefined, which is no JSON value";
    default:
      return `is a ${typeof value}, which is no JSON value`;
  }
}

function report(walk: Walk, message: string, isNumber = false): void {
  if (walk.issuesLeft === 0) return;
  walk.issuesLeft -= 1;
  walk.issues.push({ message, path: walk.path.map(String), ...(isNumber && { isNumber }) });
}

function numberIssue(value: number): string | null {
  if (Number.isNaN(value)) return "is NaN, which is no JSON value";
  if (!Number.isFinite(value)) {
    return `is beyond ${Number.MAX_VALUE}, the greatest number that JavaScript holds`;
  }
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return value > 0
      ? `is past ${Number.MAX_SAFE_INTEGER} (2^53 - 1), the greatest integer that JavaScript holds exactly`
      : `is below ${Number.MIN_SAFE_INTEGER} (-2^53 + 1), the least integer that JavaScript holds exactly`;
  }
  return null;
}

function objectIssue(value: object, depth: number): string | null {
  if (depth >= JSON_DEPTH_MAX) return `is nested deeper than ${JSON_DEPTH_MAX}`;
  if (!Array.isArray(value) && !isPlain(value)) {
    return `is a ${classOf(value)}, which is no JSON value`;
  }
  // JSON.stringify would store what that function returns.
  const hasOwnJson = typeof (value as { toJSON?: unknown }).toJSON === "function";
  return hasOwnJson ? "has a toJSON function, so it is no JSON value" : null;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function classOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? storableText(name, 100) : "special object";
}

function findInArray(items: readonly unknown[], depth: number, walk: Walk): void {
  // By index: a hole is an undefined that forEach would skip and JSON.stringify would make null.
  for (let index = 0; index < items.length && walk.issuesLeft > 0; index += 1) {
    findAt(index, items[index], depth, walk);
  }
}

function findInObject(object: object, depth: number, walk: Walk): void {
  const members = object as Record<string, unknown>;
  for (const key of Object.keys(members)) {
    if (walk.issuesLeft === 0) return;
    const bad = textIssue(key);
    if (bad !== null) {
      const lossy = lossyIssue(key, members[key]);
      report(walk, lossy ?? `has a key that ${bad}`, lossy !== null);
      continue;
    }
    // An undefined member is left out by JSON.stringify: nothing of it would be stored.
    const item = members[key];
    if (item !== undefined) findAt(key, item, depth, walk);
  }
}

function findAt(key: string | number, item: unknown, depth: number, walk: Walk): void {
  walk.path.push(key);
  find(item, depth + 1, walk);
  walk.path.pop();
}
