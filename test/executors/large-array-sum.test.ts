import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { largeArraySum } from "../../src/executors/large-array-sum.ts";
import { generatedNumber } from "../../src/executors/sums/generated-numbers.ts";
import { ThreadPool } from "../../src/executors/threads/thread-pool.ts";
import { contextWith, failureOf, resultOf, silentLog } from "./running.ts";

const MAX = Number.MAX_SAFE_INTEGER;

const sum = (payload: unknown, threads = 1) => resultOf(largeArraySum, payload, { threads });

describe("large_array_sum", () => {
  it.each([
    [[1, 2, 3], 6],
    [[], 0],
    [[-5, 5], 0],
    [[MAX, 1], "9007199254740992"],
    [[MAX, MAX, -MAX], MAX],
    [[-MAX, -MAX], "-18014398509481982"],
  ])("of %j is %j", async (numbers, expected) => {
    expect(await sum({ numbers })).toEqual({ sum: expected, chunks: 1 });
  });

  it("is exact, whatever the numbers and their order", async () => {
    const integer = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(MAX, -MAX), fc.integer());
    await fc.assert(
      fc.asyncProperty(fc.array(integer, { maxLength: 200 }), async (numbers) => {
        const expected = numbers.reduce((total, number) => total + BigInt(number), 0n);
        const { sum: found } = (await sum({ numbers }, 3)) as { sum: number | string };
        expect(BigInt(found)).toBe(expected);
      }),
    );
  });

  it.each([
    [{ numbers: [1, 0.5] }, /numbers\.1: must be a whole number between/],
    [{ numbers: [1, 2, "3"] }, /numbers\.2: must be a whole number between/],
    [{ numbers: "1,2" }, /numbers: must be a list/],
    [{ generate: { count: 0 } }, /generate\.count: must be/],
    [{ generate: { count: 1, seed: -1 } }, /generate\.seed: must be/],
    [{ numbers: [], generate: { count: 1 } }, /unknown field/],
    [{}, /numbers: is missing/],
  ])("refuses %j with its place", async (payload, message) => {
    expect(await failureOf(largeArraySum, payload)).toMatchObject({
      ...{ message: expect.stringMatching(message), code: "INVALID_PAYLOAD", retryable: false },
    });
  });

  it("makes the same numbers from a seed, however many threads share them", async () => {
    const generate = { count: 1_000_003, seed: 42 };
    const [one, three] = [await sum({ generate }, 1), await sum({ generate }, 3)];
    expect(one).toEqual({ sum: 2_149_362_316_660_176, chunks: 1 });
    expect(three).toEqual({ sum: 2_149_362_316_660_176, chunks: 3 });
  });

  it("makes numbers by the formula that is written down", () => {
    const mod = 2n ** 32n;
    const formula = (seed: number, place: number) => {
      let x = (BigInt(seed) + BigInt(place) * 2_654_435_769n) % mod;
      x = ((x ^ (x >> 16n)) * 569_420_461n) % mod;
      x = ((x ^ (x >> 15n)) * 1_935_289_751n) % mod;
      return Number(x ^ (x >> 15n));
    };
    const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const place = fc.integer({ min: 0, max: 1_000_000_000 });
    fc.assert(
      fc.property(seed, place, (s, p) => {
        expect(generatedNumber(s, p)).toBe(formula(s, p));
      }),
    );
  });

  it("says how far it is, up to the whole", async () => {
    const seen: number[] = [];
    const payload = { generate: { count: 400_000 } };
    await resultOf(largeArraySum, payload, { threads: 4, progress: (to) => seen.push(to) });
    expect(seen).toEqual([0.25, 0.5, 0.75, 1]);
  });

  it("adds on several threads what one would have added", async () => {
    const numbers = Array.from({ length: 500_000 }, (_, index) => MAX - index);
    const expected = numbers.reduce((total, number) => total + BigInt(number), 0n);
    const pool = new ThreadPool({ threads: 3, log: silentLog });
    const payload = JSON.stringify({ numbers });
    const { outcome } = await pool.runJob(largeArraySum, payload, contextWith({ threads: 3 }));
    await pool.close();
    const result = JSON.stringify({ sum: String(expected), chunks: 3 });
    expect(outcome).toEqual({ kind: "COMPLETED", result });
  });
});
