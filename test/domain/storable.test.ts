import { PGlite } from "@electric-sql/pglite";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonIssue, storableText, textIssue } from "../../src/domain/storable.ts";

const NUL = "\u0000";
const HIGH = "\uD83D";
const LOW = "\uDE00";

function throwing(): never {
  throw new Error("a trap");
}

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n += 1) value = wrap(value);
  return value;
}

function circular(): unknown {
  const ring: Record<string, unknown> = {};
  ring.self = ring;
  return ring;
}

const revoked = Proxy.revocable({}, {});
revoked.revoke();

/** The value, and the path and a part of the message with which it must be refused. */
const REFUSED: readonly [name: string, value: unknown, path: string[], says: RegExp][] = [
  ["NUL alone", NUL, [], /U\+0000/],
  ["NUL inside", `a${NUL}b`, [], /U\+0000/],
  ["NUL in a member", { a: { b: NUL } }, ["a", "b"], /U\+0000/],
  ["NUL in an item", [0, [NUL]], ["1", "0"], /U\+0000/],
  ["NUL in a key", { ok: { [`k${NUL}`]: 1 } }, ["ok"], /key.*U\+0000/],
  ["a lone high surrogate", HIGH, [], /surrogate/],
  ["a lone low surrogate", LOW, [], /surrogate/],
  ["a pair the wrong way round", LOW + HIGH, [], /surrogate/],
  ["half a pair at the end", `😀${HIGH}`, [], /surrogate/],
  ["half a pair in a key", { [HIGH]: 1 }, [], /key.*surrogate/],
  ["2^53", 2 ** 53, [], /2\^53/],
  ["2^53 + 1 as JSON brings it", JSON.parse("9007199254740993"), [], /2\^53/],
  ["-2^53", -(2 ** 53), [], /2\^53/],
  ["1e21", 1e21, [], /2\^53/],
  ["the largest double", Number.MAX_VALUE, [], /2\^53/],
  ["a big number in a list", { ids: [1, 2, 1e300] }, ["ids", "2"], /2\^53/],
  ["1e400 as JSON brings it", JSON.parse("1e400"), [], /beyond 1\.79/],
  ["-Infinity", Number.NEGATIVE_INFINITY, [], /beyond 1\.79/],
  ["NaN", { n: Number.NaN }, ["n"], /is NaN/],
  ["undefined", undefined, [], /undefined/],
  ["undefined in a list", [1, undefined], ["1"], /undefined/],
  ["a hole in a list", Object.assign(new Array(3), { 0: 1 }), ["1"], /undefined/],
  ["a list of holes", new Array(4_000_000_000), ["0"], /undefined/],
  ["a bigint", 10n, [], /bigint/],
  ["a symbol", Symbol("s"), [], /symbol/],
  ["a function", { f: () => 1 }, ["f"], /function/],
  ["a class", class Nope {}, [], /function/],
  ["a Date", { at: new Date(0) }, ["at"], /is a Date/],
  ["a RegExp", /x/, [], /is a RegExp/],
  ["a Map", new Map([[1, 2]]), [], /is a Map/],
  ["a Set", new Set([1]), [], /is a Set/],
  ["a Buffer", Buffer.from("x"), [], /is a Buffer/],
  ["a typed array", new Float64Array(2), [], /is a Float64Array/],
  ["an Error", new Error("x"), [], /is a Error/],
  ["a Promise", Promise.resolve(1), [], /is a Promise/],
  ["a URL", new URL("http://a.example"), [], /is a URL/],
  ["a boxed number", Object(1), [], /is a Number/],
  ["a boxed text", Object("x"), [], /is a String/],
  ["an instance", new (class Point {})(), [], /is a Point/],
  ["an instance of nobody", new (class {})(), [], /special object/],
  ["a child of an object", Object.create({ a: 1 }), [], /no JSON value/],
  ["a toJSON", { toJSON: () => 1 }, [], /toJSON/],
  ["a list with a toJSON", Object.assign([1], { toJSON: () => 2 }), [], /toJSON/],
  ["201 lists", nested(201, (x) => [x]), new Array(200).fill("0"), /deeper than 200/],
  ["10,000 objects", nested(10_000, (a) => ({ a })), new Array(200).fill("a"), /deeper than 200/],
  ["a circle", circular(), new Array(200).fill("self"), /deeper than 200/],
  [
    "a getter that throws",
    Object.defineProperty({}, "a", { get: throwing, enumerable: true }),
    [],
    /read/,
  ],
  ["a proxy that throws", new Proxy({}, { ownKeys: throwing }), [], /read/],
  ["a proxy without a prototype", { p: new Proxy({}, { getPrototypeOf: throwing }) }, [], /read/],
  ["a revoked proxy", [revoked.proxy], [], /read/],
];

const KEPT: readonly [name: string, value: unknown][] = [
  ["null", null],
  ["false", false],
  ["an empty text", ""],
  ["an empty list", []],
  ["an empty object", {}],
  ["an empty key", { "": 1 }],
  ["a text of 5 MB", "x".repeat(5_000_000)],
  ["an emoji family", "👩‍👩‍👧‍👦"],
  ["every control but NUL", "\u0001\u0007\b\t\n\u000b\f\r\u001f\u007f\u0085\u2028\ufeff"],
  ["no-characters that are characters", "\uFFFE\uFFFF\u{10FFFF}"],
  ["quotes and backslashes", "\"'\\\\u0000 \\x"],
  ["the largest safe integers", [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]],
  ["the smallest double", Number.MIN_VALUE],
  ["fractions that have no end", [0.1, 1 / 3, -2.5e-300, 123456.789]],
  ["__proto__ as a key", JSON.parse('{"__proto__":{"polluted":true},"constructor":1}')],
  ["keys that look like numbers", { 10: "a", 9: "b", "01": "c" }],
  ["200 lists", nested(200, (x) => [x])],
  ["a key of 10,000 letters", { ["k".repeat(10_000)]: 1 }],
  ["100,000 items", Array.from({ length: 100_000 }, (_, n) => n)],
  ["the same list twice", [[1], [1]]],
];

describe("what jsonb would refuse or change", () => {
  it.each(REFUSED)("is found: %s", (_name, value, path, says) => {
    const issue = jsonIssue(value);
    expect(issue?.message).toMatch(says);
    expect(issue?.path).toEqual(path);
  });

  it("is looked for below the path that the caller names", () => {
    expect(jsonIssue({ a: [NUL] }, ["payload"])?.path).toEqual(["payload", "a", "0"]);
    expect(jsonIssue(NUL, ["payload"])?.path).toEqual(["payload"]);
  });

  it("is the first of several", () => {
    expect(jsonIssue({ a: 1, b: [Number.NaN, NUL], c: NUL })?.path).toEqual(["b", "0"]);
  });

  it("is not looked for without end: lists that hold each other twice are 2^100 values", () => {
    const bomb = nested(100, (inner) => [inner, inner]);
    expect(jsonIssue(bomb, [], 1_000)?.message).toMatch(/too many values/);
    expect(jsonIssue([1, 2, 3], [], 4)).toBeNull();
    expect(jsonIssue([1, 2, 3], [], 3)?.message).toMatch(/too many values/);
  });

  it("is not what JSON leaves out: an undefined member", () => {
    expect(jsonIssue({ a: undefined, b: 1 })).toBeNull();
  });

  it("is not -0, which is kept as 0", () => {
    expect(jsonIssue(-0)).toBeNull();
  });
});

describe("what passes comes back from PostgreSQL unchanged", () => {
  let postgres: PGlite;

  beforeAll(async () => {
    postgres = await PGlite.create();
  });
  afterAll(() => postgres.close());

  async function roundTrip(value: unknown): Promise<unknown> {
    const sql = "select $1::text::jsonb::text as json";
    const { rows } = await postgres.query<{ json: string }>(sql, [JSON.stringify(value)]);
    return JSON.parse(rows[0]?.json ?? "");
  }

  it.each(KEPT)("%s", async (_name, value) => {
    expect(jsonIssue(value)).toBeNull();
    expect(await roundTrip(value)).toEqual(value);
  });

  it("any JSON value that passes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue({ stringUnit: "binary", noUnicodeString: false }),
        async (value) => {
          fc.pre(jsonIssue(value) === null);
          expect(JSON.stringify(sorted(await roundTrip(value)))).toBe(
            JSON.stringify(sorted(value)),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  it("any text that was cleaned", async () => {
    const units = fc.array(fc.constantFrom("a", "😀", NUL, HIGH, LOW, "é"), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(units, fc.nat({ max: 25 }), async (parts, max) => {
        const text = storableText(parts.join(""), max);
        expect(text.length).toBeLessThanOrEqual(max);
        expect(await roundTrip(text)).toBe(text);
      }),
      { numRuns: 150 },
    );
  });
});

/** jsonb keeps no order of keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, item]) => [key, sorted(item)]);
}

describe("a text", () => {
  it("says what PostgreSQL would not keep of it", () => {
    expect(textIssue("plain 😀")).toBeNull();
    expect(textIssue(`a${NUL}`)).toMatch(/U\+0000/);
    expect(textIssue(HIGH)).toMatch(/surrogate/);
  });

  it("is cleaned by a visible sign in the place of what cannot be kept", () => {
    expect(storableText(`a${NUL}b${HIGH}c😀`, 100)).toBe("a\uFFFDb\uFFFDc😀");
  });

  it("is cut without leaving half a character", () => {
    expect(storableText("ab😀", 3)).toBe("ab\uFFFD");
    expect(storableText("abc", 2)).toBe("ab");
    expect(storableText("", 0)).toBe("");
  });
});
