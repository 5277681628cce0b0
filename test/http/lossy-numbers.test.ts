import { describe, expect, it } from "vitest";
import { lossyNumber } from "../../src/domain/lossy-number.ts";
import { markLossyNumbers } from "../../src/http/lossy-numbers.ts";

const LONG = "0.1234567890123456789";
const marked = (text: string): unknown => JSON.parse(markLossyNumbers(text));

describe("a JSON text", () => {
  it.each([
    '{"a":[0.1,1.10,1e3,1.0,-5],"b":null}',
    `{"text":"about ${LONG}, or \\" ${LONG}"}`,
    `["1, ${LONG}","\\\\",1e3]`,
    '{"a":9007199254740993,"b":1e400}',
    `[${LONG}`.slice(0, 8),
    "-",
    "",
  ])("stays as it is: %s", (text) => {
    expect(markLossyNumbers(text)).toBe(text);
  });

  it("has stand-ins for the numbers that would be changed, and for no others", () => {
    expect(marked(`{"a":[1e3,${LONG},"${LONG}",-${LONG}],"b":${LONG}}`)).toEqual({
      a: [1_000, lossyNumber(LONG), LONG, lossyNumber(`-${LONG}`)],
      b: lossyNumber(LONG),
    });
    expect(marked(LONG)).toEqual(lossyNumber(LONG));
    expect(marked(`[1,\n\t${LONG} ]`)).toEqual([1, lossyNumber(LONG)]);
  });

  it("of nothing but such numbers has so many stand-ins as it takes to refuse it", () => {
    const all = marked(`[${Array(1_000).fill(LONG).join(",")}]`);
    const stood = Array.isArray(all) ? all.filter((item) => typeof item === "object") : [];
    expect(stood).toHaveLength(100);
  });
});
