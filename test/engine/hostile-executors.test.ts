import { afterAll, beforeAll, expect, it } from "vitest";
import type { Executor } from "../../src/executors/define-executor.ts";
import { PostponeError, RetryAfterError } from "../../src/executors/errors.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { executorOf, Held } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

const trap = () => {
  throw new Error("a trap");
};
const TRAPS = {
  ...{ get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap },
  ...{ getOwnPropertyDescriptor: trap, apply: trap, construct: trap },
};

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function looped(): object {
  const error: Error & { self?: unknown } = new Error("round and round");
  error.cause = { cause: error };
  error.self = error;
  return error;
}

/** An error of ours by its prototype, which breaks when it is asked for its delay. */
function impostor(kind: { readonly prototype: object }): object {
  return Object.create(kind.prototype, { delayMs: { get: trap } });
}

type Settle = (value: unknown) => void;

function thenable(then: (resolve: Settle, reject: Settle) => void): object {
  return { then };
}

const THROWN: Record<string, () => unknown> = {
  "nothing at all": () => undefined,
  null: () => null,
  "a number": () => 42,
  "a symbol": () => Symbol("s"),
  "a bigint": () => 1n,
  "a function": () => () => {},
  "an empty text": () => "",
  "a text with NUL and half a character": () => "a\u0000b\uD800",
  "an error with NUL in message, code and stack": () =>
    Object.assign(new Error("a\u0000b"), { code: "E\u0000", stack: "at\u0000\uDC00" }),
  "an error of a megabyte": () => new Error("x".repeat(2 ** 20)),
  "an error whose causes go round": looped,
  "an object without a prototype": () => Object.create(null),
  "an object whose members throw": () =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        ["message", "code", "stack", "cause", "errors", "retryable", "name", "toString"].map(
          (key) => [key, { get: trap, enumerable: true }],
        ),
      ),
    ),
  "a proxy whose traps throw": () => new Proxy({}, TRAPS),
  "a revoked proxy": revoked,
  "a promise": () => Promise.resolve(1),
  "a thenable that throws": () => thenable(trap),
  "what looks like a postponement": () => impostor(PostponeError),
  "what looks like a wish for a later retry": () => impostor(RetryAfterError),
  "a postponement by no number": () => new PostponeError(Number.NaN),
};

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

function cyclic(): object {
  const object: { self?: unknown } = {};
  object.self = object;
  return object;
}

const RETURNED: Record<string, () => unknown> = {
  "a bigint": () => 1n,
  "a symbol": () => ({ s: Symbol("s") }),
  "a function": () => () => {},
  "a number that is none": () => ({ n: Number.NaN }),
  "an integer past 2^53": () => 2 ** 60,
  "a cycle": cyclic,
  "a date": () => new Date(0),
  "a map": () => new Map(),
  "an object with toJSON": () => ({ toJSON: () => 1 }),
  "NUL in a text": () => ({ text: "a\u0000" }),
  "half a character in a key": () => ({ "\uD800": 1 }),
  "too deep a nest": () => nested(1_000),
  "two megabytes": () => "x".repeat(2 * 2 ** 20),
  "an object whose members throw": () =>
    Object.defineProperty({}, "a", { get: trap, enumerable: true }),
  "a proxy whose traps throw": () => new Proxy({}, TRAPS),
  "a revoked proxy": revoked,
  "a thenable that throws": () => thenable(trap),
  "a thenable that rejects, and then resolves": () =>
    thenable((resolve, reject) => {
      reject(new Error("first"));
      resolve("second");
    }),
};

describeWithPostgres("an executor that misbehaves", () => {
  let stage: Stage;
  const held = new Held("held");

  beforeAll(async () => {
    stage = await openStage();
    const executors: Executor[] = [
      executorOf("throws", ({ what }) => {
        throw THROWN[String(what)]?.();
      }),
      executorOf("rejects", async ({ what }) => {
        await null;
        throw THROWN[String(what)]?.();
      }),
      executorOf("returns", ({ what }) => RETURNED[String(what)]?.()),
      executorOf("settles-twice", () =>
        thenable((resolve, reject) => {
          resolve("first");
          reject(new Error("second"));
          resolve("third");
        }),
      ),
      executorOf("blocks", ({ ms }) => {
        const until = performance.now() + Number(ms);
        while (performance.now() < until);
        return "done";
      }),
      executorOf("blocks-and-throws", ({ ms }) => {
        const until = performance.now() + Number(ms);
        while (performance.now() < until);
        throw new Error("broke");
      }),
      held.executor,
    ];
    await stage.startEngine(executors, { workerThreads: [2] });
  });

  afterAll(() => stage.close());

  const runOnce = async (type: string, payload: unknown, timeoutMs = 30_000) => {
    const wish = { type, payload: JSON.stringify(payload), maxAttempts: 1, timeoutMs };
    const [{ id }] = await stage.submit(wish);
    const job = await stage.ended(id);
    const [attempt] = await stage.attempts(id);
    return { job, attempt };
  };

  it.each(Object.keys(THROWN))("fails its job by throwing %s", async (what) => {
    for (const type of ["throws", "rejects"]) {
      const { job, attempt } = await runOnce(type, { what });
      expect([type, job.status, attempt?.outcome]).toEqual([type, "FAILED", "FAILED"]);
      const message = attempt?.error?.message ?? "";
      expect(message.length).toBeGreaterThan(0);
      expect(message.length).toBeLessThanOrEqual(4_000);
    }
  });

  it.each(Object.keys(RETURNED))("fails its job by returning %s", async (what) => {
    const { job, attempt } = await runOnce("returns", { what });
    expect([job.status, attempt?.outcome]).toEqual(["FAILED", "FAILED"]);
    expect(attempt?.error?.message).toBeTruthy();
  });

  it("that settles twice counts by what came first", async () => {
    expect((await runOnce("settles-twice", {})).job.status).toBe("COMPLETED");
  });

  it.each(["blocks", "blocks-and-throws"])(
    "that %s the event loop past its deadline is TIMED_OUT",
    async (type) => {
      const { job, attempt } = await runOnce(type, { ms: 120 }, 100);
      expect(job.status).toBe("FAILED");
      expect(attempt).toMatchObject({ outcome: "TIMED_OUT", error: { code: "TIMED_OUT" } });
    },
  );

  it("that blocks the event loop within its deadline is not", async () => {
    expect((await runOnce("blocks", { ms: 20 }, 10_000)).job.status).toBe("COMPLETED");
  });

  it("that never settles is timed out, and its thread is given to others", async () => {
    const jobs = await stage.submit(
      ...Array.from({ length: 6 }, () => ({ type: "held", maxAttempts: 1, timeoutMs: 50 })),
    );
    for (const { id } of jobs) {
      expect((await stage.ended(id)).status).toBe("FAILED");
      expect((await stage.attempts(id))[0]?.outcome).toBe("TIMED_OUT");
    }
    // What they do now reaches nobody: no rejection is left unhandled, no outcome is written twice.
    held.runs.forEach(({ resolve, reject }, index) => {
      if (index % 2 === 0) resolve("late");
      else reject(new Error("late"));
    });
    await new Promise(setImmediate);
    expect((await stage.job(jobs[0]?.id ?? "")).version).toBe(3);
    expect((await runOnce("settles-twice", {})).job.status).toBe("COMPLETED");
  });

  it.each([2 ** 31 - 1, 2 ** 31, 2 ** 40])(
    "with a timeout of %d ms is not timed out at once",
    async (ms) => {
      expect((await runOnce("blocks", { ms: 1 }, ms)).job.status).toBe("COMPLETED");
    },
  );
});
