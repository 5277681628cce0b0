import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  LOG_FIELDS_MAX,
  LOG_MESSAGE_MAX,
  logFields,
  logMessage,
} from "../../src/domain/log-text.ts";
import { jsonIssue, textIssue } from "../../src/domain/storable.ts";

const NUL = "\u0000";
const HIGH = "\uD83D";

function throwing(): never {
  throw new Error("a trap");
}

const revoked = Proxy.revocable({}, {});
revoked.revoke();
const trap = new Proxy({}, { get: throwing, has: throwing, ownKeys: throwing });
const ring: Record<string, unknown> = { name: "ring" };
ring.self = ring;

describe("a log message", () => {
  it("is kept as it is", () => {
    expect(logMessage("sent 3 mails 😀")).toBe("sent 3 mails 😀");
  });

  it("that is too long ends with a mark, within the bound", () => {
    const kept = logMessage("x".repeat(1_000_000));
    expect(kept).toHaveLength(LOG_MESSAGE_MAX);
    expect(kept).toMatch(/^x+… \(cut, of 1000000 characters\)$/);
  });

  it("may be anything", () => {
    const bare = Object.create(null);
    for (const message of [undefined, null, 5, 10n, Symbol("s"), {}, trap, revoked.proxy, bare]) {
      expect(textIssue(logMessage(message))).toBeNull();
    }
  });

  it("is one that PostgreSQL keeps, whatever it was", () => {
    const texts = fc.string({ unit: "binary", maxLength: 200 });
    fc.assert(
      fc.property(texts, fc.constantFrom("", NUL, HIGH), (text, bad) => {
        expect(textIssue(logMessage(`${text}${bad}${text}`))).toBeNull();
      }),
    );
    expect(logMessage(`a${NUL}b${HIGH}c`)).toBe("a\uFFFDb\uFFFDc");
  });
});

describe("the fields of a log line", () => {
  const kept = (fields: unknown) => JSON.parse(logFields(fields) ?? "null");

  it("are kept as they are, and nothing is null", () => {
    const fields = { a: 1, b: [true, null, "x"], c: { d: -0.5 }, __proto__: 1 };
    expect(kept({ ...fields, left: undefined })).toEqual(fields);
    for (const none of [undefined, null, {}, { a: undefined }]) expect(logFields(none)).toBeNull();
  });

  it("that JSON does not have become what comes nearest", () => {
    const cause = new Error("reset");
    const error = Object.assign(new TypeError("no answer", { cause }), { code: "ECONN" });
    const at = new Date(Date.UTC(2030, 0, 1));
    expect(
      kept({ at, big: 10n ** 20n, nan: Number.NaN, error, url: new URL("http://a/") }),
    ).toEqual({
      at: "2030-01-01T00:00:00.000Z",
      big: "100000000000000000000",
      nan: "NaN",
      error: {
        name: "TypeError",
        message: "no answer",
        code: "ECONN",
        cause: { name: "Error", message: "reset" },
      },
      url: "http://a/",
    });
    expect(kept({ bytes: new Uint8Array(5_000_000) })).toEqual({ bytes: "5000000 bytes" });
    expect(kept("alone")).toEqual({ value: "alone" });
    expect(kept(["a", "b"])).toEqual({ value: ["a", "b"] });
  });

  it("that lead in circles, are too deep, or cannot be read are left out, and the rest is not", () => {
    expect(kept({ ring, fine: 1 })).toEqual({ ring: { name: "ring", self: "…" }, fine: 1 });
    expect(kept({ trap, fine: 1 })).toEqual({ trap: "…", fine: 1 });
    expect(kept({ dead: revoked.proxy, fine: 1 })).toEqual({ dead: "…", fine: 1 });
    expect(kept({ a: { b: { c: { d: { e: { f: 1, g: {} } } } } } })).toEqual({
      a: { b: { c: { d: { e: { f: 1, g: "…" } } } } },
    });
    expect(kept({ [`k${NUL}${HIGH}`]: `v${NUL}` })).toEqual({ "k\uFFFD\uFFFD": "v\uFFFD" });
  });

  it.each<[string, unknown]>([
    ["a long text", { text: "x".repeat(1_000_000) }],
    ["a text of escapes", { text: "\u0001".repeat(4_000) }],
    ["many texts", Array.from({ length: 1_000 }, () => "y".repeat(100))],
    ["a million items", new Array(1_000_000).fill(0)],
    ["a billion holes", new Array(1_000_000_000)],
    ["many members", Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`key${n}`, n]))],
    [
      "long keys",
      Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`${n}`.repeat(500), n])),
    ],
    ["much of everything", Array(30).fill(Array(30).fill(Array(30).fill({ a: "b" })))],
  ])("that are too much are cut: %s", (_name, fields) => {
    const json = logFields(fields) ?? "";
    expect(json.length).toBeLessThanOrEqual(LOG_FIELDS_MAX);
    expect(JSON.stringify(JSON.parse(json))).toMatch(/…|cut, of|too long/);
  });

  it("are an object that jsonb keeps, whatever they were", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withObjectString: true,
      withSparseArray: true,
    });
    fc.assert(
      fc.property(anything, (fields) => {
        const json = logFields(fields);
        if (json === null) return;
        expect(json.length).toBeLessThanOrEqual(LOG_FIELDS_MAX);
        const issue = jsonIssue(JSON.parse(json));
        // Numbers past 2^53 are doubles here, and come back as the same doubles.
        if (issue?.isNumber !== true) expect(issue).toBeNull();
      }),
      { numRuns: 500 },
    );
  });
});
