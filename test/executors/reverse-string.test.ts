import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reverseString } from "../../src/executors/reverse-string.ts";
import { failureOf, resultOf } from "./running.ts";

async function reversed(text: string): Promise<string> {
  const { text: result } = (await resultOf(reverseString, { text })) as { text: string };
  return result;
}

/** The plain way, which is quadratic and therefore only for short texts. */
function plainly(text: string): string {
  const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text);
  return Array.from(segments, ({ segment }) => segment)
    .reverse()
    .join("");
}

describe("reverse_string", () => {
  it.each([
    ["", ""],
    ["a", "a"],
    ["stressed", "desserts"],
    ["e\u0301a", "ae\u0301"],
    ["1👨‍👩‍👧‍👦2", "2👨‍👩‍👧‍👦1"],
    ["🇩🇪🇫🇷", "🇫🇷🇩🇪"],
    ["👍🏽!", "!👍🏽"],
    ["a\r\nb", "b\r\na"],
    ["नमस्ते", "स्तेमन"],
  ])("of %j is %j", async (text, expected) => {
    expect(await reversed(text)).toBe(expected);
  });

  it("of a text longer than its window is the same as if it had none", async () => {
    const parts = fc.constantFrom(
      "a",
      "é",
      "e\u0301",
      "👨‍👩‍👧",
      "👍🏽",
      "🇩🇪",
      "\r\n",
      "\r",
      "\u0301",
      "स्ते",
    );
    const texts = fc.array(parts, { minLength: 200, maxLength: 600 }).map((all) => all.join(""));
    await fc.assert(
      fc.asyncProperty(texts, fc.nat({ max: 1_100 }), async (text, shift) => {
        const shifted = "x".repeat(shift) + text;
        expect(await reversed(shifted)).toBe(plainly(shifted));
      }),
      { numRuns: 25 },
    );
  });

  it("keeps one letter under 100,000 accents in one piece", async () => {
    const tower = `e${"\u0301".repeat(100_000)}`;
    expect(await reversed(`a${tower}b`)).toBe(`b${tower}a`);
  });

  it("of a megabyte lets others have their turn", async () => {
    let turns = 0;
    const turn = () => {
      turns += 1;
      immediate = setImmediate(turn);
    };
    let immediate = setImmediate(turn);
    const text = "ab".repeat(500_000);
    const result = await reversed(text);
    clearImmediate(immediate);
    expect(result === "ba".repeat(500_000)).toBe(true);
    expect(turns).toBeGreaterThan(500);
  });

  it("stops when it is told to", async () => {
    const signal = AbortSignal.abort(new Error("cancelled"));
    expect((await failureOf(reverseString, { text: "abc" }, { signal })).message).toBe("cancelled");
  });

  it.each([{}, { text: 5 }, { text: "a", other: 1 }])("refuses %j", (payload) => {
    expect(reverseString.payload.safeParse(payload).success).toBe(false);
  });
});
