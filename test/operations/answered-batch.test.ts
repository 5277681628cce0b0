import { setImmediate } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { RequestError } from "../../src/domain/errors.ts";
import { AnsweredBatch, type AnsweredBatchOptions } from "../../src/operations/answered-batch.ts";

interface Done {
  readonly done: string;
}

/** A batch whose runs wait until they are let go, in the order they began. */
function heldBatch(options: Partial<AnsweredBatchOptions<string, Done>> = {}) {
  const runs: string[][] = [];
  const held: (() => void)[] = [];
  const batch = new AnsweredBatch<string, Done>({
    run: async (items) => {
      runs.push([...items]);
      await new Promise<void>((resolve) => held.push(resolve));
      return items.map((item) => ({ done: item }));
    },
    isItemsFault: () => true,
    weigh: (item) => item.length,
    sizeMax: 3,
    weightMax: 100,
    waitingMax: 5,
    waitingWeightMax: 1_000,
    ...options,
  });
  const letGo = () =>
    vi.waitFor(
      () => {
        const end = held.shift();
        if (end === undefined) throw new Error("nothing runs");
        end();
      },
      { interval: 1 },
    );
  return { batch, runs, letGo };
}

describe("a natural batch", () => {
  test("starts in the turn in which an item comes, with whatever else that turn brings", async () => {
    const { batch, runs, letGo } = heldBatch();
    const both = [batch.add("a"), batch.add("b")];
    await setImmediate();
    expect(runs).toEqual([["a", "b"]]);
    const later = batch.add("c");
    await setImmediate();
    expect(runs).toEqual([["a", "b"], ["c"]]);
    await letGo();
    await letGo();
    expect(await Promise.all([...both, later])).toEqual([
      { done: "a" },
      { done: "b" },
      { done: "c" },
    ]);
  });

  test("runs two at most, and gathers what arrives meanwhile up to its bound", async () => {
    const { batch, runs, letGo } = heldBatch();
    const all = [batch.add("a")];
    await setImmediate();
    all.push(batch.add("b"));
    await setImmediate();
    for (const item of ["c", "d", "e", "f"]) {
      all.push(batch.add(item));
      await setImmediate();
    }
    expect(runs).toEqual([["a"], ["b"]]);
    for (let run = 0; run < 4; run += 1) await letGo();
    const results = await Promise.all(all);
    expect(results.map(({ done }) => done)).toEqual(["a", "b", "c", "d", "e", "f"]);
    expect(runs).toEqual([["a"], ["b"], ["c", "d", "e"], ["f"]]);
  });

  test("cuts a batch where it would grow too heavy, and lets a single heavy item through", async () => {
    const { batch, runs, letGo } = heldBatch({ weightMax: 4 });
    const all = ["1", "22", "22", "333333", "1"].map((item) => batch.add(item));
    for (let run = 0; run < 4; run += 1) await letGo();
    await Promise.all(all);
    expect(runs).toEqual([["1", "22"], ["22"], ["333333"], ["1"]]);
  });

  test("refuses what it has no room for, and takes more once there is room", async () => {
    const { batch, letGo } = heldBatch({ waitingMax: 2 });
    const taken = [batch.add("a")];
    await setImmediate();
    taken.push(batch.add("b"));
    await setImmediate();
    taken.push(batch.add("c"), batch.add("d"));
    await expect(batch.add("e")).rejects.toThrow(RequestError);
    for (let run = 0; run < 3; run += 1) await letGo();
    await Promise.all(taken);
    const late = batch.add("f");
    await letGo();
    expect(await late).toEqual({ done: "f" });
  });

  test("refuses by weight too, but never the only one that waits", async () => {
    const { batch, letGo } = heldBatch({ waitingWeightMax: 5, weightMax: 5 });
    const running = [batch.add("0123456789")];
    await setImmediate();
    running.push(batch.add("0123456789"));
    await setImmediate();
    const waiting = batch.add("01234567");
    await expect(batch.add("x")).rejects.toThrow("try again");
    for (let run = 0; run < 3; run += 1) await letGo();
    expect(await Promise.all([...running, waiting])).toHaveLength(3);
  });

  test("lets the next run begin when those in flight are slow, where that is asked for", async () => {
    const { batch, runs, letGo } = heldBatch({ slowAfterMs: 1 });
    const all = [batch.add("a")];
    await setImmediate();
    all.push(batch.add("b"));
    await setImmediate();
    all.push(batch.add("c"));
    await vi.waitFor(() => expect(runs).toEqual([["a"], ["b"], ["c"]]), { interval: 1 });
    for (let run = 0; run < 3; run += 1) await letGo();
    expect(await Promise.all(all)).toEqual([{ done: "a" }, { done: "b" }, { done: "c" }]);
  });

  test("has a bad item fail alone, with every good one done exactly once", async () => {
    const done: string[] = [];
    let calls = 0;
    const batch = new AnsweredBatch<string, Done>({
      run: async (items) => {
        calls += 1;
        await Promise.resolve();
        if (items.includes("bad")) throw new Error("bad row");
        done.push(...items);
        return items.map((item) => ({ done: item }));
      },
      isItemsFault: () => true,
      weigh: () => 1,
      sizeMax: 100,
      weightMax: 1_000,
      waitingMax: 1_000,
      waitingWeightMax: 1_000,
    });
    const items = Array.from({ length: 64 }, (_, index) =>
      index === 37 ? "bad" : `item ${index}`,
    );
    const settled = await Promise.allSettled(items.map((item) => batch.add(item)));
    const failed = settled.flatMap(({ status }, index) => (status === "rejected" ? [index] : []));
    expect(failed).toEqual([37]);
    expect(done).toHaveLength(63);
    expect(new Set(done).size).toBe(63);
    expect(calls).toBeLessThan(20);
  });

  test("does not repeat a batch whose failure is nobody's fault", async () => {
    let calls = 0;
    const batch = new AnsweredBatch<string, Done>({
      run: async () => {
        calls += 1;
        await Promise.resolve();
        throw new Error("connection lost");
      },
      isItemsFault: () => false,
      weigh: () => 1,
      sizeMax: 100,
      weightMax: 1_000,
      waitingMax: 1_000,
      waitingWeightMax: 1_000,
    });
    const settled = await Promise.allSettled(["a", "b", "c"].map((item) => batch.add(item)));
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(calls).toBe(1);
  });
});
