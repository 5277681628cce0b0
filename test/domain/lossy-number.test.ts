import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keepsDigits, lossyNumber } from "../../src/domain/lossy-number.ts";
import { jsonIssue } from "../../src/domain/storable.ts";

describe("a number as it is written", () => {
  it.each([
    ...["0", "-0", "0.0", "0e5", "1.0", "1.10", "0.1", "-0.1", "1e3", "1E+3", "1.5e-7", "100000"],
    ...["0.10000000000000001", "0.30000000000000004", "3.141592653589793", "5e-324", "1e-300"],
    ...["9007199254740991", "2.5000000000000000000000", "0.1000000000000000055511151231257827"],
    ...["1.7976931348623157e-300", "123456789012345", "2.2250738585072014e-308"],
  ])("is kept: %s", (source) => {
    expect(keepsDigits(source)).toBe(true);
  });

  it.each([
    ...["0.1234567890123456789", "-1.00000000000000000001", "4503599627370497.25", "1e-400"],
    ...["123456789.123456789123", "9.9999999999999999999", "1.2345e-320", "0.12345678901234567"],
    `1.${"0".repeat(600)}1`,
    `0.${"3".repeat(200)}`,
  ])("is changed by JavaScript: %s", (source) => {
    expect(keepsDigits(source)).toBe(false);
    expect(jsonIssue({ a: [lossyNumber(source)] }, ["payload"])).toEqual({
      message: expect.stringMatching(
        source.includes("e-")
          ? /^is .{2,43}, a number too near to 0 for JavaScript to keep its digits$/
          : /^is .{2,43}, a number with more digits than JavaScript keeps \(15 always fit\)$/,
      ),
      path: ["payload", "a", "0"],
      isNumber: true,
    });
  });

  // What these lose shows in the value itself, and is told there.
  it.each(["9007199254740993", "1e400", "123456789012345678901234567890"])(
    "is let through: %s",
    (source) => {
      expect(keepsDigits(source)).toBe(true);
      expect(jsonIssue(Number(source))).not.toBeNull();
    },
  );

  it("is kept, whatever JavaScript or C wrote it", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(keepsDigits(String(value))).toBe(true);
        expect(keepsDigits(value.toPrecision(17))).toBe(true);
        expect(keepsDigits(JSON.stringify(value))).toBe(true);
      }),
    );
  });
});
