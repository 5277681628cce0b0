import { describe, expect, it } from "vitest";
import { jobIdTimeMs, newJobId } from "../../../src/store/job-id.ts";
import {
  above,
  below,
  compareKeys,
  EARLIEST,
  EVERYTHING,
  FIRST_ID,
  idAtMs,
  isEmptyRange,
  justAbove,
  justBelow,
  keyTime,
  LAST_ID,
  LATEST,
  type ListKey,
} from "../../../src/store/lists/list-key.ts";

const key = (id: string): ListKey => ({ rank: 0, at: EARLIEST, id });

describe("the keys of a list", () => {
  it("have the neighbours that 128-bit numbers have", () => {
    expect(justAbove(key("019ab3c4-0000-7fff-ffff-ffffffffffff")).id).toBe(
      "019ab3c4-0000-8000-0000-000000000000",
    );
    expect(justBelow(key("019ab3c4-0000-7000-0000-000000000000")).id).toBe(
      "019ab3c4-0000-6fff-ffff-ffffffffffff",
    );
    expect(justAbove(key(LAST_ID)).id).toBe(LAST_ID);
    expect(justBelow(key(FIRST_ID)).id).toBe(FIRST_ID);
  });

  it("part ids at a millisecond", () => {
    const id = newJobId();
    const ms = jobIdTimeMs(id);
    expect(idAtMs(ms) < id).toBe(true);
    expect(idAtMs(ms + 1) > id).toBe(true);
    expect(idAtMs(ms - 0.5)).toBe(idAtMs(ms));
    expect([idAtMs(-5), idAtMs(0), idAtMs(1e15)]).toEqual([FIRST_ID, FIRST_ID, LAST_ID]);
  });

  it("write times with microseconds, and stop at the ends of what they can write", () => {
    expect(keyTime(1_500)).toBe("1970-01-01T00:00:01.500000Z");
    expect([keyTime(-1e15), keyTime(1e15)]).toEqual([EARLIEST, LATEST]);
  });

  it("compare by rank, then time, then id", () => {
    const keys = [
      { rank: -5, at: LATEST, id: LAST_ID },
      { rank: 0, at: EARLIEST, id: LAST_ID },
      { rank: 0, at: LATEST, id: FIRST_ID },
      { rank: 0, at: LATEST, id: LAST_ID },
    ];
    expect([...keys].reverse().sort(compareKeys)).toEqual(keys);
  });

  it("bound ranges that only shrink", () => {
    const [low, high] = [key(idAtMs(1_000)), key(idAtMs(2_000))];
    const range = below(above(EVERYTHING, low), high);
    expect(range).toEqual({ lo: low, hi: high });
    expect(below(above(range, key(FIRST_ID)), key(LAST_ID))).toEqual(range);
    expect(isEmptyRange(range)).toBe(false);
    expect(isEmptyRange(above(range, high))).toBe(true);
  });
});
