/** A submit that the server did not take, for a reason that its caller can act on. */

export interface RefusedIssue {
  readonly message: string;
  readonly path: readonly string[];
}

export interface Refusal {
  /** INVALID_INPUT, UNKNOWN_JOB_TYPE, IDEMPOTENCY_KEY_REUSED or QUEUE_FULL. */
  readonly code: string;
  readonly message: string;
  /** Where in the input; empty if it is about the whole. */
  readonly path: readonly string[];
  /** All that is wrong with the input, where its code is INVALID_INPUT. */
  readonly issues?: readonly RefusedIssue[];
  /** When to try again, where its code is QUEUE_FULL. */
  readonly retryAfterMs?: number;
}

export class SubmitRefusedError extends Error {
  override readonly name = "SubmitRefusedError";
  readonly code: string;
  readonly path: readonly string[];
  readonly issues: readonly RefusedIssue[];
  readonly retryAfterMs: number | undefined;

  constructor({ code, message, path, issues = [], retryAfterMs }: Refusal) {
    super(message);
    this.code = code;
    this.path = path;
    this.issues = issues;
    this.retryAfterMs = retryAfterMs;
  }
}
