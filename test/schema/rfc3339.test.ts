import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRfc3339 } from "../../schema/rfc3339.ts";

describe("an RFC 3339 time", () => {
  test("reads back as the moment that it was written from", () => {
    const dates = fc.date({
      min: new Date("0000-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => {
        expect(parseRfc3339(date.toISOString())).toEqual(date);
      }),
    );
  });

  test.each([
    ["2026-03-01T09:30:00Z", "2026-03-01T09:30:00.000Z"],
    ["2026-03-01t09:30:00z", "2026-03-01T09:30:00.000Z"],
    ["2026-03-01T09:30:00.5+00:00", "2026-03-01T09:30:00.500Z"],
    ["2026-03-01T00:30:00-00:00", "2026-03-01T00:30:00.000Z"],
    ["2026-03-01T00:30:00+01:30", "2026-02-28T23:00:00.000Z"],
    ["2024-02-29T23:59:59.999999999Z", "2024-02-29T23:59:59.999Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
  ])("%s is %s", (text, iso) => {
    expect(parseRfc3339(text)?.toISOString()).toBe(iso);
  });

  test.each([
    "2025-02-29T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-13-10T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-32T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00+1:00",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01 00:00:00Z",
    "2026-01-01",
    "+002026-01-01T00:00:00Z",
    " 2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.Z",
    "",
  ])("%j is none", (text) => {
    expect(parseRfc3339(text)).toBeNull();
  });
});
