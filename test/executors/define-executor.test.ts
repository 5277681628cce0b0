import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { defineExecutor, type JobTypesOf } from "../../src/executors/define-executor.ts";
import { contextWith, failureOf, resultOf } from "./running.ts";

const valid = {
  type: "greet",
  description: "Greets somebody.",
  payload: z.object({ name: z.string() }),
  run: ({ name }: { name: string }) => ({ text: `hello ${name}` }),
};

/** As a program without types would call it. */
function define(parts: Record<string, unknown>): () => unknown {
  return () => defineExecutor({ ...valid, ...parts } as typeof valid);
}

describe("a definition", () => {
  it("gets the defaults that the API promises", () => {
    expect(defineExecutor(valid)).toMatchObject({
      type: "greet",
      description: "Greets somebody.",
      result: null,
      maxAttempts: 3,
      timeoutMs: 60_000,
      backoff: { kind: "EXPONENTIAL", baseMs: 2_000, maxMs: 3_600_000, jitter: 0.25 },
      threads: 1,
      payloadBytesMax: 1_048_576,
      cpuBound: false,
      parallelizable: true,
    });
  });

  it("keeps what it says", () => {
    const result = z.object({ text: z.string() });
    const says = { maxAttempts: 10, timeoutMs: 5, payloadBytesMax: 9, cpuBound: true };
    const executor = defineExecutor({ ...valid, ...says, parallelizable: false, result });
    expect(executor).toMatchObject({ ...says, parallelizable: false });
    expect(executor.result).toBe(result);
  });

  it("may give a part of its back-off, and its threads", () => {
    const executor = defineExecutor({
      ...valid,
      backoff: { kind: "FIXED", baseMs: 0 },
      threads: 8,
    });
    expect(executor.backoff).toEqual({ kind: "FIXED", baseMs: 0, maxMs: 3_600_000, jitter: 0.25 });
    expect(executor.threads).toBe(8);
  });

  it.each([
    [{ backoff: 5 }, "backoff must be an object of kind, baseMs, maxMs and jitter"],
    [{ backoff: [] }, "backoff must be an object of"],
    [{ backoff: { delay: 5 } }, "backoff must be an object of .*, and not of delay"],
    [{ backoff: { toString: 5 } }, "and not of toString"],
    [{ backoff: { kind: "LINEAR" } }, "backoff has a kind that must be EXPONENTIAL or FIXED"],
    [{ backoff: { baseMs: -1 } }, "backoff has a baseMs that must be a whole number from 0"],
    [{ backoff: { maxMs: 366 * 86_400_000 } }, "backoff has a maxMs that must be a whole number"],
    [{ backoff: { jitter: 1.5 } }, "backoff has a jitter that must be a number from 0 to 1"],
    [{ threads: 257 }, "threads must be a whole number from 1 to 256"],
    [{ threads: 2, parallelizable: false }, "threads must be 1 where parallelizable is false"],
  ])("is refused with %j, in words", (parts, words) => {
    expect(define(parts)).toThrow(new RegExp(words));
  });

  it("is known by its type, payload and result to the compiler", () => {
    const executor = defineExecutor({
      type: "typed",
      description: "Only compiled.",
      payload: z.object({ n: z.int().default(1) }),
      result: z.object({ twice: z.number() }),
      run: ({ n }) => ({ twice: 2 * n }),
    });
    type Types = JobTypesOf<[typeof executor]>;
    expectTypeOf<keyof Types>().toEqualTypeOf<"typed">();
    expectTypeOf<Types["typed"]["payload"]>().toEqualTypeOf<{ n?: number | undefined }>();
    expectTypeOf<Types["typed"]["result"]>().toEqualTypeOf<{ twice: number }>();
  });

  it("gives its run the parsed payload's type, and takes the result's type from it", () => {
    defineExecutor({
      type: "typed",
      description: "Only compiled.",
      payload: z.object({ n: z.int(), unit: z.enum(["s", "ms"]).default("ms") }),
      result: z.object({ ms: z.number() }),
      run({ n, unit }, { signal, attempt, threads, jobId }) {
        expectTypeOf(n).toEqualTypeOf<number>();
        expectTypeOf(unit).toEqualTypeOf<"s" | "ms">();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        expectTypeOf([attempt, threads]).toEqualTypeOf<number[]>();
        expectTypeOf(jobId).toEqualTypeOf<string>();
        return { ms: n };
      },
    });
    defineExecutor({
      ...valid,
      result: z.object({ count: z.number() }),
      // @ts-expect-error: a text is no count
      run: () => ({ count: "three" }),
    });
  });

  it.each(["", "Upper", "1first", "_x", "with space", "a/b", "é", "a".repeat(101), 5, undefined])(
    "is refused with the type name %j",
    (type) => {
      expect(define({ type })).toThrow(/job type .*: type must be 1 to 100 of a-z/);
    },
  );

  it.each(["a", "resize_image", "acme.billing-v2.send", "a".repeat(100)])(
    "may have the type name %j",
    (type) => {
      expect(define({ type })).not.toThrow();
    },
  );

  it.each([
    ["maxAttempts", 0],
    ["maxAttempts", 1_001],
    ["maxAttempts", 1.5],
    ["maxAttempts", "3"],
    ["maxAttempts", null],
    ["timeoutMs", -1],
    ["timeoutMs", 2 ** 31],
    ["timeoutMs", Number.NaN],
    ["timeoutMs", Number.POSITIVE_INFINITY],
    ["payloadBytesMax", 0],
    ["payloadBytesMax", 64 * 1024 * 1024 + 1],
  ])("is refused with a %s of %s, by name", (name, value) => {
    expect(define({ [name]: value })).toThrow(
      new RegExp(`"greet": ${name} must be a whole number`),
    );
  });

  it.each([
    ["description", " "],
    ["description", 5],
    ["payload", { name: "string" }],
    ["payload", null],
    ["result", "text"],
    ["cpuBound", "yes"],
    ["parallelizable", 1],
    ["run", "later"],
    ["run", undefined],
    ["close", true],
  ])("is refused with %s: %j, by name", (name, value) => {
    expect(define({ [name]: value })).toThrow(new RegExp(`"greet": ${name} must`));
  });

  it("is told all its mistakes at once, and an option that does not exist", () => {
    expect(define({ timeoutMs: 0, cpuBound: 1, timeout: 5 })).toThrow(
      /timeoutMs must.*; cpuBound must.*; timeout is no option of defineExecutor/,
    );
  });

  it("cannot be changed afterwards", () => {
    const executor = defineExecutor(valid);
    expect(() => Object.assign(executor, { maxAttempts: 99 })).toThrow(TypeError);
  });
});

describe("a run", () => {
  it("is given the payload as its schema reads it", async () => {
    const executor = defineExecutor({
      ...valid,
      payload: z.object({ name: z.string().default("you") }),
    });
    expect(await resultOf(executor, {})).toEqual({ text: "hello you" });
  });

  it("never starts with a payload that does not fit any more, which is final", async () => {
    let ran = false;
    const executor = defineExecutor({ ...valid, run: () => (ran = true) });
    const error = await failureOf(executor, { name: 5 });
    expect(error).toMatchObject({ code: "INVALID_PAYLOAD", retryable: false });
    expect(error.message).toMatch(/does not fit the job type "greet": name: .*string/);
    expect(ran).toBe(false);
  });

  it("names the first ten issues, and how many more there are", async () => {
    const executor = defineExecutor({
      ...valid,
      payload: z.array(z.number()),
      run: () => null,
    });
    const { message } = await failureOf(executor, new Array(25).fill("x"));
    expect(message).toMatch(/: 0: .*; 9: .*; and 15 more$/);
  });

  it("is given its payload also by a schema that checks asynchronously", async () => {
    const known = z.string().refine(async (name) => name !== "nobody", "is nobody");
    const executor = defineExecutor({ ...valid, payload: z.object({ name: known }) });
    expect(await resultOf(executor, { name: "Ann" })).toEqual({ text: "hello Ann" });
    expect((await failureOf(executor, { name: "nobody" })).message).toMatch(/name: is nobody/);
  });

  it("whose result does not fit what it declares fails for good, and says so", async () => {
    const executor = defineExecutor({
      ...valid,
      result: z.object({ text: z.string().max(3) }),
    });
    const error = await failureOf(executor, { name: "Ann" });
    expect(error).toMatchObject({ code: "INVALID_RESULT", retryable: false });
    expect(error.message).toMatch(
      /the result does not fit what the job type "greet" declares: text/,
    );
  });

  it("has its result as the result's schema reads it", async () => {
    const executor = defineExecutor({
      ...valid,
      result: z.object({ text: z.string().trim() }),
      run: () => ({ text: " hi " }),
    });
    expect(await resultOf(executor, { name: "" })).toEqual({ text: "hi" });
  });

  it("may be a method that uses its own definition", async () => {
    const executor = defineExecutor({
      ...valid,
      run() {
        return this.description;
      },
    });
    expect(await executor.run({ name: "" }, contextWith())).toBe("Greets somebody.");
  });
});
