/** Errors with a code that callers may branch on. Everything else is a bug, and is masked. */

/** Failures that an operation's caller must expect: data in the API, never a thrown 500. */
export type UserErrorCode =
  | "INVALID_INPUT"
  | "UNKNOWN_JOB_TYPE"
  | "NOT_FOUND"
  | "INVALID_STATE"
  | "IDEMPOTENCY_KEY_REUSED"
  | "QUEUE_FULL"
  | "BATCH_REJECTED";

export interface InputIssue {
  readonly message: string;
  readonly path: readonly string[];
}

/**
 * A top-level GraphQL error: a malformed request, not an expected failure of an operation.
 * The HTTP layer shows its message and code as they are.
 */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: RequestErrorCode;

  constructor(code: RequestErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type RequestErrorCode =
  | "BAD_USER_INPUT"
  | "NOT_FOUND"
  | "UNAVAILABLE"
  | "TOO_MANY_SUBSCRIPTIONS";

/** An operator's mistake or a broken environment: one sentence with the remedy, and exit 1. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}

/** In words. Of the several addresses behind a name, each with an error of its own, the first one speaks. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
