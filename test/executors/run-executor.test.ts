import { describe, expect, it } from "vitest";
import { z } from "zod";
import { textIssue } from "../../src/domain/storable.ts";
import { defineExecutor, type Executor } from "../../src/executors/define-executor.ts";
import {
  NonRetryableError,
  PostponeError,
  postpone,
  RetryAfterError,
} from "../../src/executors/errors.ts";
import { RESULT_BYTES_MAX } from "../../src/executors/run-executor.ts";
import { failureOf, resultOf, run } from "./running.ts";

const HOUR_MS = 3_600_000;

function executor(work: () => unknown): Executor {
  return defineExecutor({ type: "t", description: "Test.", payload: z.unknown(), run: work });
}

function returning(result: unknown): Executor {
  return executor(() => result);
}

function throwing(thrown: unknown): Executor {
  return executor(() => {
    throw thrown;
  });
}

function trap(): never {
  throw new Error("a trap");
}

describe("an executor that returns", () => {
  it.each([null, true, false, 0, -1.5, "", "text", [], {}, { a: [1, { b: null }] }])(
    "%j completes the job with it",
    async (result) => {
      expect(await run(returning(result), {})).toEqual({
        kind: "COMPLETED",
        result: JSON.stringify(result),
      });
    },
  );

  it("nothing completes the job with null", async () => {
    expect(await resultOf(returning(undefined), {})).toBeNull();
  });

  it("a promise completes the job with what it becomes", async () => {
    expect(await resultOf(returning(Promise.resolve({ sum: 3 })), {})).toEqual({ sum: 3 });
  });

  it("an object that it changes afterwards completes the job with what it was", async () => {
    const reused = { items: [1] };
    const result = await resultOf(returning(reused), {});
    reused.items.push(2);
    expect(result).toEqual({ items: [1] });
  });

  it.each<[string, unknown, string]>([
    ["a NUL", { rows: [{ name: "a\u0000" }] }, "result.rows.0.name contains the character U+0000"],
    ["half a character", "\uD800", "result contains half of a surrogate pair"],
    ["a number past 2^53", { n: 2 ** 60 }, "result.n is past 9007199254740991 (2^53 - 1)"],
    ["NaN", [Number.NaN], "result.0 is NaN, which is no JSON value"],
    ["a Date", { at: new Date(0) }, "result.at is a Date"],
    ["a bigint", 1n, "result is a bigint"],
    ["a function", () => 1, "result is a function"],
    ["a proxy that throws", new Proxy({}, { ownKeys: trap }), "result cannot be read"],
  ])("%s fails the job for good, and is told where", async (_name, result, says) => {
    const error = await failureOf(returning(result), {});
    expect(error).toMatchObject({ code: "RESULT_NOT_STORABLE", retryable: false });
    expect(error.message).toContain(`the result cannot be stored: ${says}`);
  });

  it("a circle or a bomb fails the job instead of the process", async () => {
    const ring: unknown[] = [];
    ring.push(ring);
    expect((await failureOf(returning(ring), {})).message).toMatch(/deeper than 200/);
    let bomb: unknown = "x";
    for (let n = 0; n < 100; n += 1) bomb = [bomb, bomb];
    expect((await failureOf(returning(bomb), {})).message).toMatch(/too many values/);
  });

  it("up to 1 MiB of JSON completes the job, and a byte more fails it for good", async () => {
    const largest = "x".repeat(RESULT_BYTES_MAX - 2);
    expect(await resultOf(returning(largest), {})).toBe(largest);
    const error = await failureOf(returning(`${largest}x`), {});
    expect(error).toMatchObject({ code: "RESULT_TOO_LARGE", retryable: false });
    expect(error.message).toBe(
      "the result is 1048577 bytes of JSON, and at most 1048576 are stored",
    );
  });

  it("a short text of long characters is measured in bytes", async () => {
    const error = await failureOf(returning("€".repeat(400_000)), {});
    expect(error.code).toBe("RESULT_TOO_LARGE");
  });
});

describe("an executor that throws", () => {
  it("fails the attempt with its message, code and stack", async () => {
    const error = await failureOf(throwing(Object.assign(new Error("no"), { code: "E_NO" })), {});
    expect(error).toMatchObject({ message: "no", code: "E_NO", retryable: true });
    expect(error.stack).toContain("Error: no");
    expect(error).not.toHaveProperty("retryAfterMs");
  });

  it("by a rejected promise fails the attempt just as well", async () => {
    const rejecting = executor(() => Promise.reject(new Error("later")));
    expect((await failureOf(rejecting, {})).message).toBe("later");
  });

  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["a text", "boom"],
    ["a hostile proxy", new Proxy({}, { get: trap, getPrototypeOf: trap, has: trap })],
    ["an error whose message throws", Object.defineProperty(new Error(), "message", { get: trap })],
    ["a message with NUL", new Error("a\u0000b")],
  ])("%s fails the attempt with an error that can be stored", async (_name, thrown) => {
    const error = await failureOf(throwing(thrown), {});
    expect(error.message).not.toBe("");
    expect(textIssue(error.message)).toBeNull();
    expect(error.retryable).toBe(true);
  });

  it("something with a throwing `then` fails the attempt", async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is the case.
    const thenable = { then: trap };
    expect((await failureOf(returning(thenable), {})).message).toBe("a trap");
  });

  it("a NonRetryableError fails the job for good", async () => {
    const thrown = new NonRetryableError("gone", { code: "GONE", cause: new Error("404") });
    const error = await failureOf(throwing(thrown), {});
    expect(error).toMatchObject({ message: "gone: 404", code: "GONE", retryable: false });
    expect((await failureOf(throwing(new NonRetryableError("x")), {})).code).toBeNull();
  });

  it("a RetryAfterError fails the attempt and says when to come again, within a day", async () => {
    const asked = async (ms: number) => failureOf(throwing(new RetryAfterError(ms)), {});
    expect(await asked(5_000)).toMatchObject({ retryAfterMs: 5_000, retryable: true, code: null });
    expect((await asked(48 * HOUR_MS)).retryAfterMs).toBe(24 * HOUR_MS);
    expect((await asked(Number.POSITIVE_INFINITY)).retryAfterMs).toBe(24 * HOUR_MS);
    expect((await asked(-1)).retryAfterMs).toBe(0);
    expect((await asked(Number.NaN)).retryAfterMs).toBe(0);
    expect((await asked(0.4)).retryAfterMs).toBe(0);
    const busy = new RetryAfterError(1, "busy", { code: "HTTP_503" });
    expect(await failureOf(throwing(busy), {})).toMatchObject({
      message: "busy",
      code: "HTTP_503",
    });
  });
});

describe("an executor that postpones", () => {
  it("gives the job back for later, which is no failure", async () => {
    const postponing = executor(() => postpone(60_000));
    expect(await run(postponing, {})).toEqual({ kind: "POSTPONED", delayMs: 60_000 });
  });

  it("does so within a year, and not into the past", async () => {
    const delay = async (ms: number) => run(throwing(new PostponeError(ms)), {});
    expect(await delay(Number.POSITIVE_INFINITY)).toMatchObject({ delayMs: 365 * 24 * HOUR_MS });
    expect(await delay(-5)).toMatchObject({ delayMs: 10 });
  });

  it("without saying for how long has failed for good", async () => {
    const failure = await failureOf(throwing(new PostponeError(Number.NaN)), {});
    expect(failure).toMatchObject({ retryable: false });
    expect(failure.message).toContain("milliseconds");
  });
});

it("an executor that never settles is not waited for here", async () => {
  const never = run(
    executor(() => new Promise(() => undefined)),
    {},
  );
  const first = await Promise.race([never, Promise.resolve("the caller's deadline")]);
  expect(first).toBe("the caller's deadline");
});
