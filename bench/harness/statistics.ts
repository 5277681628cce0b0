/** Medians, percentiles and spreads. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Of at least one number. */
export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = numbers.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  const min = sorted[0];
  const max = sorted.at(-1);
  if (low === undefined || high === undefined || min === undefined || max === undefined) {
    throw new RangeError("no numbers to take a median of");
  }
  return { median: (low + high) / 2, min, max };
}

/** The smallest of `numbers` that at least `share` (0 to 1) of them do not exceed. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError("no numbers to take a percentile of");
  return value;
}

/** What the latency rows report, of times in milliseconds. */
export function latencies(timesMs: readonly number[]): { p50: number; p99: number } {
  return { p50: percentile(timesMs, 0.5), p99: percentile(timesMs, 0.99) };
}
