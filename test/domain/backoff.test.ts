import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Backoff, backoffDelayMs, DEFAULT_BACKOFF } from "../../src/domain/backoff.ts";

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const never = () => 0;

const backoffs = fc.record({
  kind: fc.constantFrom("EXPONENTIAL" as const, "FIXED" as const),
  baseMs: fc.integer({ min: 0, max: 31 * DAY_MS }),
  maxMs: fc.integer({ min: 0, max: YEAR_MS }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const spents = fc.integer({ min: 1, max: 100_000 });
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function base({ kind, baseMs, maxMs }: Backoff, spent: number): number {
  // 0 · 2^99,999 is NaN.
  if (kind === "FIXED" || baseMs === 0) return Math.min(baseMs, maxMs);
  return Math.min(baseMs * 2 ** (spent - 1), maxMs);
}

describe("the back-off", () => {
  it("is 2 s, 4 s, 8 s by default, and an hour at most", () => {
    const delays = [1, 2, 3, 11, 12, 60].map((n) => backoffDelayMs(DEFAULT_BACKOFF, n, never));
    expect(delays).toEqual([2_000, 4_000, 8_000, 2_048_000, 3_600_000, 3_600_000]);
  });

  it("does not grow when it is FIXED", () => {
    const fixed: Backoff = { kind: "FIXED", baseMs: 500, maxMs: 60_000, jitter: 0 };
    expect([1, 2, 30].map((n) => backoffDelayMs(fixed, n, Math.random))).toEqual([500, 500, 500]);
  });

  it("is a whole number, never before its base, and never past its base with all the jitter", () => {
    fc.assert(
      fc.property(backoffs, spents, randoms, (backoff, spent, random) => {
        const delay = backoffDelayMs(backoff, spent, () => random);
        const least = base(backoff, spent);
        expect(Number.isSafeInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(least);
        expect(delay).toBeLessThanOrEqual(Math.round(least * (1 + backoff.jitter)));
      }),
    );
  });

  it("never shrinks from one spent attempt to the next", () => {
    fc.assert(
      fc.property(backoffs, spents, randoms, (backoff, spent, random) => {
        const now = backoffDelayMs(backoff, spent, () => random);
        expect(backoffDelayMs(backoff, spent + 1, () => random)).toBeGreaterThanOrEqual(now);
      }),
    );
  });

  it("spreads jobs that fail together over the whole jitter, also at the cap", () => {
    const atCap: Backoff = { kind: "EXPONENTIAL", baseMs: 1_000, maxMs: 60_000, jitter: 0.5 };
    const delays = [0, 0.25, 0.5, 0.999].map((u) => backoffDelayMs(atCap, 40, () => u));
    expect(delays).toEqual([60_000, 67_500, 75_000, 89_970]);
  });
});
