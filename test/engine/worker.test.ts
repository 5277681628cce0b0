import { expect, it } from "vitest";
import { Worker } from "../../src/engine/worker.ts";
import { Registry } from "../../src/executors/registry.ts";
import { claimedJob as job } from "./claimed-job.ts";
import { executorOf, Held } from "./executors.ts";
import { silentLog } from "./stage.ts";

const neverInThread = () => Promise.reject(new Error("no job here is CPU-bound"));

it("a worker whose jobs may be somebody else's starts none of those that wait", async () => {
  const held = new Held("held");
  let mayStart = true;
  let ended = () => {};
  const firstEnded = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const worker = new Worker({
    ...{ number: 1, threads: 1, log: silentLog, executors: new Registry([held.executor]) },
    ...{ readPayload: async () => null, onProgress: () => {}, onLog: () => {}, onIdle: () => {} },
    ...{ readPayloadPieces: async () => [], runInThread: neverInThread },
    mayStart: () => mayStart,
    onEnd: () => ended(),
  });
  worker.accept([job("one"), job("two"), job("three")]);
  await held.whenStarted(1);
  mayStart = false;
  held.release();
  await firstEnded;
  expect(worker.running).toBe(0);
  expect(worker.abandonAll("given up")).toBe(2);
  expect(held.started).toEqual(["one"]);
});

it("a worker gives back, unspent, what expired while it waited for a thread", async () => {
  const started: string[] = [];
  const slow = executorOf("held", async (_payload, { jobId }) => {
    started.push(jobId);
    await new Promise((resolve) => setTimeout(resolve, 30));
    return null;
  });
  const ended: [string, string][] = [];
  const worker = new Worker({
    ...{ number: 1, threads: 1, log: silentLog, executors: new Registry([slow]) },
    ...{ readPayload: async () => null, onProgress: () => {}, onLog: () => {}, onIdle: () => {} },
    ...{ readPayloadPieces: async () => [], runInThread: neverInThread },
    mayStart: () => true,
    onEnd: (run) => ended.push([run.job.id, run.outcome.kind]),
  });
  worker.accept([job("one"), { ...job("late"), expiresInMs: 20 }, job("two")]);
  await expect.poll(() => ended).toHaveLength(3);
  expect(ended).toEqual([
    ["one", "COMPLETED"],
    ["late", "RELEASED"],
    ["two", "COMPLETED"],
  ]);
  expect(started).toEqual(["one", "two"]);
});
