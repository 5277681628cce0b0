/** An outcome that came from another thread, as the error that makes it again when it is thrown here. */
import type { Outcome } from "../../domain/outcome.ts";
import { NonRetryableError, PostponeError, RetryAfterError } from "../errors.ts";

export function errorOfOutcome(outcome: Outcome): Error {
  if (outcome.kind === "POSTPONED") return new PostponeError(outcome.delayMs);
  if (outcome.kind !== "FAILED") return new Error(`a part ended as ${outcome.kind}`);
  const { message, code, stack, retryable } = outcome.error;
  const options = code === null ? {} : { code };
  const { retryAfterMs } = outcome;
  const error =
    retryAfterMs !== undefined
      ? new RetryAfterError(retryAfterMs, message, options)
      : retryable
        ? Object.assign(new Error(message), options)
        : new NonRetryableError(message, options);
  // Where it was thrown, not here.
  error.stack = stack ?? `${error.name}: ${message}`;
  return error;
}
