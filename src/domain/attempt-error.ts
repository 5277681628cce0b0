/** Anything an executor may throw, as an error that the database can keep. */
import type { AttemptError } from "./outcome.ts";
import { storableText } from "./storable.ts";

const MESSAGE_MAX = 4_000;
const STACK_MAX = 16_000;
const CODE_MAX = 100;

/**
 * Bounds and cleans whatever was thrown, `undefined` included. A message with a NUL would make the
 * UPDATE that records the failure fail, so the job could never end: it is cleaned here, once.
 * An error says for itself that no retry can mend it with `retryable: false`.
 */
export function attemptError(thrown: unknown): AttemptError {
  const error = asRecord(thrown);
  const message = textOf(error?.message) ?? describe(thrown);
  const code = textOf(error?.code);
  const stack = textOf(error?.stack);
  return {
    message: storableText(message, MESSAGE_MAX),
    code: code === null ? null : storableText(code, CODE_MAX),
    stack: stack === null ? null : storableText(stack, STACK_MAX),
    retryable: error?.retryable !== false,
  };
}

function asRecord(thrown: unknown): Record<string, unknown> | null {
  const isObject = (typeof thrown === "object" && thrown !== null) || typeof thrown === "function";
  return isObject ? (thrown as Record<string, unknown>) : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function describe(thrown: unknown): string {
  try {
    return `the executor threw ${String(thrown)}`;
  } catch {
    return "the executor threw a value that cannot be described";
  }
}
