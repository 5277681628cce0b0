import { beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { addNumbers } from "../../src/executors/add-numbers.ts";
import { isExecutor } from "../../src/executors/own-kinds.ts";
import { resultOf, run } from "./running.ts";

type Errors = typeof import("../../src/executors/errors.ts");
type Define = typeof import("../../src/executors/define-executor.ts");

/** As a folder of job types has one that brings its own node_modules. */
describe("another copy of the package", () => {
  let errors: Errors;
  let define: Define;

  beforeAll(async () => {
    vi.resetModules();
    errors = await import("../../src/executors/errors.ts");
    define = await import("../../src/executors/define-executor.ts");
  });

  const throwing = (make: () => unknown) =>
    define.defineExecutor({
      type: "foreign",
      description: "Test.",
      payload: z.object({}),
      run: () => {
        throw make();
      },
    });

  it("makes executors that are recognised, and that run", async () => {
    const executor = define.defineExecutor({
      type: "foreign",
      description: "Test.",
      payload: z.object({ n: z.int() }),
      run: ({ n }) => n + 1,
    });
    expect(isExecutor(executor)).toBe(true);
    expect(await resultOf(executor, { n: 1 })).toBe(2);
  });

  it("throws errors that mean what they mean here", async () => {
    const { PostponeError, RetryAfterError, NonRetryableError } = errors;
    expect(
      await run(
        throwing(() => new PostponeError(5_000)),
        {},
      ),
    ).toEqual({
      kind: "POSTPONED",
      delayMs: 5_000,
    });
    expect(
      await run(
        throwing(() => new RetryAfterError(7_000, "busy")),
        {},
      ),
    ).toMatchObject({
      kind: "FAILED",
      retryAfterMs: 7_000,
      error: { message: "busy", retryable: true },
    });
    expect(
      await run(
        throwing(() => new NonRetryableError("no")),
        {},
      ),
    ).toMatchObject({
      kind: "FAILED",
      error: { message: "no", retryable: false },
    });
  });
});

describe("isExecutor", () => {
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error("a trap");
      },
    },
  );

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a function", () => null],
    ["a definition that did not pass through defineExecutor", { ...addNumbers }],
    ["a proxy that throws", hostile],
  ])("is not fooled by %s", (_name, value) => {
    expect(isExecutor(value)).toBe(false);
  });

  it("knows a built-in one", () => {
    expect(isExecutor(addNumbers)).toBe(true);
  });
});
