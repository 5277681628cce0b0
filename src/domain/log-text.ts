/**
 * What an executor logs, as text that PostgreSQL keeps. A log takes anything: what cannot be kept as it
 * is becomes what comes nearest, and nothing here throws, or a line would fail the job that it is about.
 */
import { storableText } from "./storable.ts";

/** UTF-16 units. */
export const LOG_MESSAGE_MAX = 8 * 1024;
/** Characters of JSON. */
export const LOG_FIELDS_MAX = 4 * 1024;

const DEPTH_MAX = 6;
/** Values looked at: a line is not the place for more, and each costs time on the event loop. */
const VALUES_MAX = 256;
const KEY_MAX = 200;
/** What JSON adds to a value: quotes, a colon, a comma. */
const PUNCTUATION = 4;

/** `message`, cut at `LOG_MESSAGE_MAX` with a mark that says so. */
export function logMessage(message: unknown): string {
  const text = typeof message === "string" ? message : describe(message);
  return cut(text, LOG_MESSAGE_MAX);
}

/**
 * `fields` as JSON of an object, at most `LOG_FIELDS_MAX` long; null if there is nothing in it. Errors
 * become their name, message and what else they carry, bytes their number; numbers that JSON does not have
 * and bigints become text. What is too much, too deep or goes round in circles is left out, and a mark stands for it.
 */
export function logFields(fields: unknown): string | null {
  if (fields === undefined || fields === null) return null;
  const walk: Walk = { charsLeft: LOG_FIELDS_MAX - 100, valuesLeft: VALUES_MAX, above: [] };
  const kept = toJson(fields, walk);
  const members = isRecord(kept) ? kept : { value: kept };
  if (Object.keys(members).length === 0) return null;
  const json = JSON.stringify(members);
  // Escapes take up to six characters for one.
  return json.length <= LOG_FIELDS_MAX ? json : JSON.stringify({ [LEFT_OUT]: "too long" });
}

/** The key, or the value, that stands for what was left out. */
const LEFT_OUT = "…";

interface Walk {
  charsLeft: number;
  valuesLeft: number;
  /** The objects that the value at hand is in. */
  readonly above: object[];
}

function toJson(value: unknown, walk: Walk): unknown {
  walk.valuesLeft -= 1;
  walk.charsLeft -= PUNCTUATION;
  switch (typeof value) {
    case "string":
      return spend(value, walk);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "object":
      return value === null ? null : objectToJson(value, walk);
    default:
      return spend(describe(value), walk);
  }
}

function spend(text: string, walk: Walk): string {
  const kept = cut(text, Math.max(0, walk.charsLeft));
  walk.charsLeft -= kept.length;
  return kept;
}

function objectToJson(value: object, walk: Walk): unknown {
  if (walk.above.includes(value) || walk.above.length >= DEPTH_MAX) return LEFT_OUT;
  walk.above.push(value);
  try {
    if (ArrayBuffer.isView(value)) return spend(`${value.byteLength} bytes`, walk);
    if ("toJSON" in value && typeof value.toJSON === "function")
      return toJson(value.toJSON(), walk);
    if (Array.isArray(value)) return listToJson(value, walk);
    return membersToJson(value instanceof Error ? errorMembers(value) : Object(value), walk);
  } catch {
    // A getter or a proxy threw.
    return LEFT_OUT;
  } finally {
    walk.above.pop();
  }
}

function listToJson(items: readonly unknown[], walk: Walk): unknown[] {
  const kept: unknown[] = [];
  for (let index = 0; index < items.length; index += 1) {
    if (isSpent(walk)) return [...kept, LEFT_OUT];
    kept.push(toJson(items[index], walk));
  }
  return kept;
}

function membersToJson(members: Record<string, unknown>, walk: Walk): Record<string, unknown> {
  // Without a prototype, or "__proto__" would be no key.
  const kept: Record<string, unknown> = Object.create(null);
  for (const key in members) {
    if (!Object.hasOwn(members, key) || members[key] === undefined) continue;
    if (isSpent(walk)) {
      kept[LEFT_OUT] = LEFT_OUT;
      break;
    }
    const name = cut(key, KEY_MAX);
    walk.charsLeft -= name.length;
    kept[name] = toJson(members[key], walk);
  }
  return kept;
}

function isSpent({ charsLeft, valuesLeft }: Walk): boolean {
  return charsLeft <= 0 || valuesLeft <= 0;
}

/** Own and enumerable ones come along: `errno`, `statusCode` and the like. */
function errorMembers(error: Error): Record<string, unknown> {
  const { name, message, cause } = error;
  const hidden = { name, message, ...(cause !== undefined && { cause }) };
  return { ...hidden, ...Object(error) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A part of a text keeps all of it in memory, and a line may wait for long: hence the copy. */
function cut(text: string, max: number): string {
  if (text.length <= max) return storableText(text, max);
  const mark = `… (cut, of ${text.length} characters)`;
  const head = storableText(text, Math.max(0, max - mark.length));
  return Buffer.from(head + mark, "utf16le").toString("utf16le");
}

function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be described";
  }
}
