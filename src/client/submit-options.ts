/** What may be said of a job besides its type and payload: `SubmitJobInput` of the API. */

export interface JobBackoff {
  /** EXPONENTIAL if not given. */
  readonly kind?: "EXPONENTIAL" | "FIXED";
  /** 2,000 if not given. */
  readonly baseMs?: number;
  /** An hour if not given. */
  readonly maxMs?: number;
  /** 0 to 1; 0.25 if not given. */
  readonly jitter?: number;
}

export interface SubmitOptions {
  /** What to call it, for people. */
  readonly name?: string;
  /** `default` if not given. */
  readonly queue?: string;
  /** Higher runs first; 0 if not given. */
  readonly priority?: number;
  /** 1 if not given, and at least what the job type says. */
  readonly threadDemand?: number;
  /** Not before this time. */
  readonly scheduledAt?: Date | string;
  /** Cancelled if it has not started by then. */
  readonly expiresAt?: Date | string;
  /** The job type's own if not given, like the two that follow. */
  readonly maxAttempts?: number;
  readonly backoff?: JobBackoff;
  readonly timeoutMs?: number;
  readonly tags?: readonly string[];
  /** The same key and input again: the same job. */
  readonly idempotencyKey?: string;
  /** Ends the waiting for an answer; what was submitted by then stays. */
  readonly signal?: AbortSignal;
}
