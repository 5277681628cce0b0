/** Anything an executor may throw, as an error that the database can keep. */
import type { AttemptError } from "./outcome.ts";
import { storableText } from "./storable.ts";

const MESSAGE_MAX = 4_000;
const STACK_MAX = 16_000;
const CODE_MAX = 100;
const CAUSES_MAX = 5;

/**
 * Bounds and cleans whatever was thrown, `undefined` and hostile objects included; never throws.
 * A message with a NUL would make the UPDATE that records the failure fail, so the job could never
 * end: it is cleaned here, once. Messages of causes are appended ("the request failed: connect
 * ECONNREFUSED"), and the code is the first along the causes.
 * An error says for itself that no retry can mend it with `retryable: false`.
 */
export function attemptError(thrown: unknown): AttemptError {
  const chain = withCauses(thrown);
  const code = firstText(chain, "code");
  const stack = textIn(thrown, "stack");
  return {
    message: storableText(joinMessages(chain) ?? describe(thrown), MESSAGE_MAX),
    code: code === null ? null : storableText(code, CODE_MAX),
    stack: stack === null ? null : storableText(stack, STACK_MAX),
    retryable: read(thrown, "retryable") !== false,
  };
}

/** `thrown`, its cause, the cause of that, and so on: at most 6, and each once. */
function withCauses(thrown: unknown): unknown[] {
  const chain: unknown[] = [];
  let next = thrown;
  while (next !== undefined && next !== null && chain.length <= CAUSES_MAX) {
    if (chain.includes(next)) break;
    chain.push(next);
    next = read(next, "cause") ?? read(read(next, "errors"), "0");
  }
  return chain;
}

function joinMessages(chain: readonly unknown[]): string | null {
  let joined: string | null = null;
  for (const [index, link] of chain.entries()) {
    // A thrown string is described; a string as the cause is a message.
    const text = index > 0 && typeof link === "string" ? link : textIn(link, "message");
    if (text === null) continue;
    const bounded = text.slice(0, MESSAGE_MAX);
    if (joined === null) joined = bounded;
    else if (!joined.includes(bounded)) joined = `${joined}: ${bounded}`;
  }
  return joined;
}

function firstText(chain: readonly unknown[], key: string): string | null {
  for (const link of chain) {
    const text = textIn(link, key);
    if (text !== null) return text;
  }
  return null;
}

function textIn(value: unknown, key: string): string | null {
  const text = read(value, key);
  return typeof text === "string" && text !== "" ? text : null;
}

/** A member of an object or function; undefined if there is none, or if reading it throws. */
function read(value: unknown, key: string): unknown {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  if (!isObject) return undefined;
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function describe(thrown: unknown): string {
  try {
    const text = String(thrown);
    // "[object Object]" tells nobody anything; its members may.
    const members = text.startsWith("[object ") ? JSON.stringify(thrown) : text;
    return `the executor threw ${members ?? text}`;
  } catch {
    return "the executor threw a value that cannot be described";
  }
}
