import { describe, expect, it } from "vitest";
import { addNumbers } from "../../src/executors/add-numbers.ts";
import { failureOf, resultOf } from "./running.ts";

describe("add_numbers", () => {
  it.each([
    [2, 3, 5],
    [-7, 7, 0],
    [Number.MAX_SAFE_INTEGER - 1, 1, Number.MAX_SAFE_INTEGER],
  ])("of %i and %i is %i", async (a, b, sum) => {
    expect(await resultOf(addNumbers, { a, b })).toEqual({ sum });
  });

  it("past 2^53 fails for good rather than being off by one", async () => {
    const error = await failureOf(addNumbers, { a: Number.MAX_SAFE_INTEGER, b: 1 });
    expect(error).toMatchObject({ code: "SUM_TOO_LARGE", retryable: false });
  });

  it.each([
    {},
    { a: 1 },
    { a: 1, b: "2" },
    { a: 1.5, b: 2 },
    { a: 2 ** 53, b: 0 },
    { a: 1, b: 2, c: 3 },
    [1, 2],
    null,
  ])("refuses %j", (payload) => {
    expect(addNumbers.payload.safeParse(payload).success).toBe(false);
  });
});
