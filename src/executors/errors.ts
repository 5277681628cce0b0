/**
 * What an executor throws to say more than "this attempt failed". Any other thrown value is a
 * failed attempt that is tried again while attempts last.
 */

import { markError } from "./own-kinds.ts";

/** `code` is shown as `JobError.code`, for callers to branch on. */
export interface JobErrorOptions {
  readonly code?: string;
  readonly cause?: unknown;
}

/** No retry can mend it: the job fails now, whatever attempts are left. */
export class NonRetryableError extends Error {
  override readonly name = "NonRetryableError";
  readonly retryable = false;
  readonly code: string | undefined;

  constructor(message: string, options: JobErrorOptions = {}) {
    super(message, options);
    this.code = options.code;
  }
}

/**
 * The attempt failed, and the next one should not start before `delayMs` milliseconds from now
 * (at most 24 hours). The job's back-off still applies where it is longer.
 */
export class RetryAfterError extends Error {
  override readonly name = "RetryAfterError";
  readonly delayMs: number;
  readonly code: string | undefined;

  constructor(delayMs: number, message = "asked to be tried later", options: JobErrorOptions = {}) {
    super(message, options);
    this.delayMs = delayMs;
    this.code = options.code;
    markError(this, "RETRY_AFTER");
  }
}

/** Not an error: the job runs again `delayMs` milliseconds from now, and no attempt is spent. */
export class PostponeError extends Error {
  override readonly name = "PostponeError";
  readonly delayMs: number;

  constructor(delayMs: number) {
    super("postponed");
    this.delayMs = delayMs;
    markError(this, "POSTPONE");
  }
}

/**
 * Ends this run, and has the job run again in `delayMs` milliseconds (at most 365 days) without
 * spending an attempt.
 *
 * @throws PostponeError always: let it through
 */
export function postpone(delayMs: number): never {
  throw new PostponeError(delayMs);
}
