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

/** An attempt that its executor ended, on the way to the database. */
export interface EndedAttempt extends AttemptClaim {
  /**
   * Whole milliseconds from the claim to the start of the executor: the time in this process's
   * read-ahead.
   */
  readonly startDelayMs: number;
}
