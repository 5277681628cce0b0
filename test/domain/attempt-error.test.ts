import { describe, expect, it } from "vitest";
import { attemptError } from "../../src/domain/attempt-error.ts";
import { textIssue } from "../../src/domain/storable.ts";

const NUL = "\u0000";
const HALF = "\uD83D";

function throwing(): never {
  throw new Error("a trap");
}

/** Every trap throws, so that looking at it in any way does. */
const hostileProxy = new Proxy(
  {},
  {
    get: throwing,
    has: throwing,
    ownKeys: throwing,
    getPrototypeOf: throwing,
    getOwnPropertyDescriptor: throwing,
  },
);
const revoked = Proxy.revocable({}, {});
revoked.revoke();

class Sly extends Error {
  override get message(): string {
    return throwing();
  }
  override get stack(): string {
    return throwing();
  }
  get code(): string {
    return throwing();
  }
  get retryable(): boolean {
    return throwing();
  }
  override toString(): string {
    return throwing();
  }
}

function circular(): Error {
  const outer = new Error("outer");
  const inner = new Error("inner", { cause: outer });
  outer.cause = inner;
  return outer;
}

describe("what an executor throws becomes an error that can be stored, be it", () => {
  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["nothing at all", ""],
    ["a number", 42],
    ["NaN", Number.NaN],
    ["a bigint", 10n ** 30n],
    ["a boolean", false],
    ["a symbol", Symbol("s")],
    ["a function", () => 1],
    ["a class", class Nope {}],
    ["an empty object", {}],
    ["an object without a prototype", Object.create(null)],
    ["an array", [1, 2]],
    ["a date that is none", new Date(Number.NaN)],
    ["a proxy whose traps throw", hostileProxy],
    ["a revoked proxy", revoked.proxy],
    ["an error whose getters throw", new Sly()],
    ["an error that is its own cause", circular()],
    ["an error with a hostile cause", new Error("x", { cause: hostileProxy })],
    ["an error without a message", new Error()],
    ["an aggregate of nothing", new AggregateError([])],
    ["a toString that throws", { toString: throwing }],
    ["a toString that returns no text", { toString: () => ({}) }],
    ["a toJSON that throws", { toJSON: throwing }],
    ["a message that is no text", { message: { a: 1 }, code: 7, stack: [] }],
    ["a message with NUL", new Error(`a${NUL}b`)],
    ["a code with half a pair", { message: HALF, code: HALF, stack: HALF }],
    ["a thrown text with NUL", `a${NUL}${HALF}`],
  ])("%s", (_name, thrown) => {
    const error = attemptError(thrown);
    expect(error.message).not.toBe("");
    for (const text of [error.message, error.code ?? "", error.stack ?? ""]) {
      expect(textIssue(text)).toBeNull();
    }
    expect(error.retryable).toBe(true);
    expect(JSON.parse(JSON.stringify(error))).toEqual(error);
  });
});

describe("the error of an attempt", () => {
  it("has the message, code and stack of what was thrown", () => {
    const thrown = Object.assign(new Error("no route"), { code: "EHOSTUNREACH" });
    const error = attemptError(thrown);
    expect(error).toMatchObject({ message: "no route", code: "EHOSTUNREACH", retryable: true });
    expect(error.stack).toContain("attempt-error.test.ts");
  });

  it("is final where what was thrown says so, and only there", () => {
    expect(attemptError({ message: "x", retryable: false }).retryable).toBe(false);
    expect(attemptError({ message: "x", retryable: 0 }).retryable).toBe(true);
    const cause = Object.assign(new Error("final"), { retryable: false });
    expect(attemptError(new Error("outer", { cause })).retryable).toBe(true);
  });

  it("tells the causes too, each once, and the first code among them", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const failed = new Error("fetch failed", { cause: refused });
    expect(attemptError(failed)).toMatchObject({
      message: "fetch failed: connect ECONNREFUSED",
      code: "ECONNREFUSED",
    });
    const repeated = new Error("it broke: connect ECONNREFUSED", { cause: refused });
    expect(attemptError(repeated).message).toBe("it broke: connect ECONNREFUSED");
    expect(attemptError(circular()).message).toBe("outer: inner");
    expect(attemptError(new Error("x", { cause: "a text" })).message).toBe("x: a text");
  });

  it("of an aggregate without a message is the first of its errors", () => {
    const error = attemptError(new AggregateError([new Error("first"), new Error("second")]));
    expect(error.message).toBe("first");
  });

  it("stops at some causes", () => {
    let error = new Error("cause 0");
    for (let n = 1; n <= 1_000; n += 1) error = new Error(`cause ${n}`, { cause: error });
    expect(attemptError(error).message.split(": ")).toHaveLength(6);
  });

  it("describes what is no error", () => {
    expect(attemptError(undefined).message).toBe("the executor threw undefined");
    expect(attemptError("boom").message).toBe("the executor threw boom");
    expect(attemptError({ reason: "full" }).message).toBe('the executor threw {"reason":"full"}');
    expect(attemptError(new RangeError()).message).toBe("the executor threw RangeError");
    expect(attemptError(hostileProxy).message).toMatch(/cannot be described/);
  });

  it("is cut where it is too long, never in the middle of a character", () => {
    const long = "x".repeat(3_999) + "😀".repeat(10_000);
    const error = attemptError({ message: long, code: "c".repeat(500), stack: long.repeat(2) });
    expect(error.message).toHaveLength(4_000);
    expect(error.message.endsWith("x\uFFFD")).toBe(true);
    expect(error.code).toHaveLength(100);
    expect(error.stack).toHaveLength(16_000);
  });

  it("shows what was cleaned away as U+FFFD", () => {
    expect(attemptError(new Error(`a${NUL}b${HALF}c`)).message).toBe("a\uFFFDb\uFFFDc");
  });
});
