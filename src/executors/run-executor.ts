/** Runs an executor, and turns whatever comes of it into an outcome. */
import { attemptError } from "../domain/attempt-error.ts";
import type { Outcome } from "../domain/outcome.ts";
import { jsonIssue } from "../domain/storable.ts";
import type { Executor, ExecutorContext } from "./define-executor.ts";
import { NonRetryableError } from "./errors.ts";
import { isErrorOf } from "./own-kinds.ts";

/** Bytes of JSON. */
export const RESULT_BYTES_MAX = 1024 * 1024;
const RETRY_AFTER_MS_MAX = 24 * 3_600_000;
const POSTPONE_MS_MAX = 365 * 24 * 3_600_000;

/**
 * Never rejects, whatever the executor throws or returns; settles when the executor does, which
 * may be never: the deadline is the caller's. An executor that gave up because `context.signal`
 * aborted comes out as FAILED here; only the caller knows why it aborted.
 *
 * @returns COMPLETED with a result that can be stored as it is, FAILED or POSTPONED
 */
export async function outcomeOf(
  executor: Executor,
  payload: unknown,
  context: ExecutorContext,
): Promise<Outcome> {
  try {
    const result = await executor.run(payload, context);
    return { kind: "COMPLETED", result: storableResult(result) };
  } catch (thrown) {
    return outcomeOfThrown(thrown);
  }
}

/**
 * As JSON text, because what the executor returned may change later (an array that it uses again),
 * or answer differently when read again. Nothing returned is null.
 */
function storableResult(result: unknown): string {
  if (result === undefined || result === null) return "null";
  // No value takes less than a byte of JSON, so more values than bytes are too many.
  const issue = jsonIssue(result, [], RESULT_BYTES_MAX);
  if (issue !== null) {
    const where = ["result", ...issue.path].join(".");
    const advice = issue.isNumber ? "; return it as a string" : "";
    throw new NonRetryableError(`the result cannot be stored: ${where} ${issue.message}${advice}`, {
      code: "RESULT_NOT_STORABLE",
    });
  }
  const json = JSON.stringify(result);
  const bytes = Buffer.byteLength(json);
  if (bytes > RESULT_BYTES_MAX) {
    throw new NonRetryableError(
      `the result is ${bytes} bytes of JSON, and at most ${RESULT_BYTES_MAX} are stored`,
      { code: "RESULT_TOO_LARGE" },
    );
  }
  return json;
}

/** FAILED or POSTPONED. Never throws. */
export function outcomeOfThrown(thrown: unknown): Outcome {
  if (isErrorOf(thrown, "POSTPONE")) return postponed(delayOf(thrown));
  const error = attemptError(thrown);
  if (isErrorOf(thrown, "RETRY_AFTER")) {
    const retryAfterMs = boundedMs(delayOf(thrown), RETRY_AFTER_MS_MAX);
    return { kind: "FAILED", error, retryAfterMs };
  }
  return { kind: "FAILED", error };
}

/** Without a floor, an executor that always postpones would run as fast as the database writes. */
function postponed(delayMs: unknown): Outcome {
  if (typeof delayMs !== "number" || Number.isNaN(delayMs)) {
    const message = "postpone() needs a number of milliseconds";
    return { kind: "FAILED", error: attemptError(new NonRetryableError(message)) };
  }
  return { kind: "POSTPONED", delayMs: Math.max(10, boundedMs(delayMs, POSTPONE_MS_MAX)) };
}

/** Undefined where reading it throws: a proxy may look like an error of ours. */
function delayOf(thrown: unknown): unknown {
  try {
    return (thrown as { readonly delayMs?: unknown }).delayMs;
  } catch {
    return undefined;
  }
}

/** A whole number of milliseconds from 0 to `max`; what is no number, whatever its type says, is 0. */
function boundedMs(ms: unknown, max: number): number {
  return typeof ms !== "number" || Number.isNaN(ms)
    ? 0
    : Math.round(Math.min(Math.max(ms, 0), max));
}
