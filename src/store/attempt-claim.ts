/** What every write of an attempt must show: fencing. */

/**
 * Zero rows changed means that the attempt is no longer ours: it was rescued or cancelled. The
 * writer then drops its work; it never tries the write again.
 */
export interface AttemptClaim {
  readonly id: string;
  readonly attempt: number;
  readonly token: string;
}

/**
 * The tokens of a batch, each once, with the place of each attempt's own from 1: a batch of a thousand
 * comes from a few claims.
 */
export function numberTokens(attempts: readonly AttemptClaim[]): {
  readonly tokens: readonly string[];
  readonly numbers: readonly number[];
} {
  const tokens = [...new Set(attempts.map(({ token }) => token))];
  const numberOf = new Map(tokens.map((token, index) => [token, index + 1]));
  return { tokens, numbers: attempts.map(({ token }) => numberOf.get(token) ?? 0) };
}

/** An attempt that its executor ended, on the way to the database. */
export interface EndedAttempt extends AttemptClaim {
  /**
   * Whole milliseconds from the claim to the start of the executor: the time in this process's
   * read-ahead.
   */
  readonly startDelayMs: number;
}
