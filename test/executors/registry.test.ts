import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineExecutor, type Executor } from "../../src/executors/define-executor.ts";
import { Registry } from "../../src/executors/registry.ts";

function executor(type: string, close?: () => Promise<void>): Executor {
  const parts = { type, description: "Test.", payload: z.unknown(), run: () => null };
  return defineExecutor({ ...parts, ...(close && { close }) });
}

describe("the registry", () => {
  it("finds an executor by its type, and nothing by another", () => {
    const a = executor("a");
    const registry = new Registry([a, executor("b")]);
    expect(registry.get("a")).toBe(a);
    expect(registry.get("c")).toBeUndefined();
    expect(registry.get("__proto__")).toBeUndefined();
  });

  it("lists its executors in the order they were given", () => {
    const registry = new Registry([executor("b"), executor("a")]);
    expect(registry.all().map((one) => one.type)).toEqual(["b", "a"]);
  });

  it("refuses two executors of one type, by name", () => {
    expect(() => new Registry([executor("a"), executor("b"), executor("a")])).toThrow(
      'the job type "a" is defined twice',
    );
  });

  it("closes every executor, also after one that cannot be closed, and tells", async () => {
    const closed: string[] = [];
    const registry = new Registry([
      executor("broken", () => Promise.reject(new Error("stuck"))),
      executor("plain"),
      executor("held", async () => {
        closed.push("held");
      }),
    ]);
    await expect(registry.close()).rejects.toThrow(AggregateError);
    expect(closed).toEqual(["held"]);
    await new Registry([executor("plain")]).close();
  });
});
