import { expect, it } from "vitest";
import { firstOf, LANE_START, placeOfFirst } from "../../src/domain/lane-place.ts";

it("a higher priority comes first, and then the earlier time", () => {
  const job = (priority: number, scheduledAtMs: number) => ({ priority, scheduledAtMs });
  expect(placeOfFirst([job(0, 5), job(3, 9), job(3, 8)])).toEqual({ rank: -3, atMs: 8 });
  expect(placeOfFirst([])).toBeNull();
});

it("nothing comes before the start of a lane", () => {
  const place = { rank: -32_768, atMs: 1 };
  expect(firstOf(place, LANE_START)).toBe(LANE_START);
  expect(firstOf(LANE_START, place)).toBe(LANE_START);
});
