/** When a failed attempt is followed by another, and how long after it. */

export const BACKOFF_KINDS = ["EXPONENTIAL", "FIXED"] as const;
export type BackoffKind = (typeof BACKOFF_KINDS)[number];

export interface Backoff {
  readonly kind: BackoffKind;
  readonly baseMs: number;
  readonly maxMs: number;
  /** The most that is added, as a share of the delay: 0 to 1. */
  readonly jitter: number;
}

export const DEFAULT_BACKOFF: Backoff = {
  kind: "EXPONENTIAL",
  baseMs: 2_000,
  maxMs: 3_600_000,
  jitter: 0.25,
};

const DAY_MS = 86_400_000;
/** The longest first wait, and the longest that it may grow to. */
export const BACKOFF_BASE_MS_MAX = 31 * DAY_MS;
export const BACKOFF_MAX_MS_MAX = 365 * DAY_MS;

/**
 * The delay in milliseconds before the attempt that follows the `spent`-th spent one:
 * `min(baseMs · 2^(spent−1), maxMs) · (1 + u)`, u uniform in [0, jitter]; FIXED leaves out the
 * doubling. Never earlier than the base says, so that "2 s" in a runbook means at least 2 s.
 * The cap bounds the base, and the jitter comes on top: jobs that sit at the cap must not meet there.
 *
 * @param spent attempts spent so far, from 1
 * @param random uniform in [0, 1)
 */
export function backoffDelayMs(backoff: Backoff, spent: number, random: () => number): number {
  // 2^52 is past every cap: a higher exponent would only lose to Infinity.
  const doublings = backoff.kind === "EXPONENTIAL" ? Math.min(spent - 1, 52) : 0;
  const base = Math.min(backoff.baseMs * 2 ** doublings, backoff.maxMs);
  return Math.round(base * (1 + random() * backoff.jitter));
}
