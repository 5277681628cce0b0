import { describe, expect, it } from "vitest";
import { retryAfterMs } from "../../src/executors/retry-after.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const HOUR_MS = 3_600_000;

describe("Retry-After", () => {
  it.each([
    ["0", 0],
    ["120", 120_000],
    [" 5 ", 5_000],
    ["315360000", HOUR_MS],
    ["9".repeat(400), HOUR_MS],
    ["Fri, 02 Jan 2026 03:05:05 GMT", 60_000],
    ["Fri, 02 Jan 2026 03:00:00 GMT", 0],
    ["Fri, 02 Jan 2099 03:00:00 GMT", HOUR_MS],
  ])("%.40j asks for a delay of %i ms, at most an hour", (header, delayMs) => {
    expect(retryAfterMs(header, NOW_MS, HOUR_MS)).toBe(delayMs);
  });

  it.each([undefined, "", "soon", "-5", "1.5", "5s", []])("%j asks for nothing", (header) => {
    expect(retryAfterMs(header, NOW_MS, HOUR_MS)).toBeNull();
  });

  it("is the first where there are several", () => {
    expect(retryAfterMs(["1", "2"], NOW_MS, HOUR_MS)).toBe(1_000);
  });
});
