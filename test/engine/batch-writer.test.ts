import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { BatchWriter } from "../../src/engine/batch-writer.ts";
import { DatabaseError } from "../../src/store/database.ts";

const log = pino({ level: "silent" });

function refusal() {
  return new DatabaseError("test", new Error("bad value"), "22P02", null);
}

function noAnswer() {
  return new DatabaseError("test", new Error("connection lost"), null, null);
}

/** A write that can be held back, and remembers what it was given. */
function gate() {
  const batches: number[][] = [];
  const waiting: (() => void)[] = [];
  return {
    batches,
    write: (batch: readonly number[]) => {
      batches.push([...batch]);
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
    release: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

const weigh = () => 1;
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the batch writer", () => {
  it("writes what one turn brings at once, and what comes meanwhile together", async () => {
    const { batches, write, release } = gate();
    const writer = new BatchWriter<number>({ name: "t", log, write, weigh, onRefused: () => {} });
    writer.start();
    writer.add(1);
    writer.add(2);
    await turn();
    expect(batches).toEqual([[1, 2]]);
    writer.add(3);
    await turn();
    writer.add(4);
    await turn();
    const flushed = writer.flush();
    release();
    const expected = [
      [1, 2],
      [3, 4],
    ];
    await expect.poll(() => batches).toEqual(expected);
    release();
    await flushed;
  });

  it("starts a second statement beside the first when a hundred items wait, and no third", async () => {
    const { batches, write } = gate();
    const writer = new BatchWriter<number>({ name: "t", log, write, weigh, onRefused: () => {} });
    writer.start();
    writer.add(0);
    await turn();
    for (let item = 1; item <= 100; item += 1) writer.add(item);
    await turn();
    expect(batches.map((batch) => batch.length)).toEqual([1, 100]);
    for (let item = 0; item < 500; item += 1) writer.add(item);
    await turn();
    expect(batches).toHaveLength(2);
  });

  it("keeps a statement to eight million characters, and sends a heavier item alone", async () => {
    const batches: number[][] = [];
    const writer = new BatchWriter<number>({
      name: "t",
      log,
      weigh: (chars) => chars,
      write: async (batch) => {
        batches.push([...batch]);
      },
      onRefused: () => expect.unreachable("nothing was refused"),
    });
    for (const chars of [9_000_000, 5_000_000, 3_000_000, 1_000_000]) writer.add(chars);
    writer.start();
    await writer.flush();
    expect(batches).toEqual([[9_000_000], [5_000_000, 3_000_000], [1_000_000]]);
  });

  it("lets a bad item fail alone", async () => {
    const written: number[] = [];
    const refused: number[] = [];
    const writer = new BatchWriter<number>({
      name: "t",
      log,
      weigh,
      write: async (batch) => {
        if (batch.includes(13)) throw refusal();
        written.push(...batch);
      },
      onRefused: (item) => refused.push(item),
    });
    for (let item = 0; item < 50; item += 1) writer.add(item);
    writer.start();
    await writer.flush();
    expect(refused).toEqual([13]);
    expect(written.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, item) => item).filter((item) => item !== 13),
    );
  });

  it("tries again without an answer, and says that the first try may have been written", async () => {
    const tries: boolean[] = [];
    const writer = new BatchWriter<number>({
      name: "t",
      log,
      weigh,
      write: async (_batch, again) => {
        tries.push(again);
        if (tries.length < 3) throw noAnswer();
      },
      onRefused: () => expect.unreachable("nothing was refused"),
    });
    writer.start();
    writer.add(1);
    await writer.flush();
    expect(tries).toEqual([false, true, true]);
  });

  it("gives up what it cannot write when it is stopped, and then settles", async () => {
    const tried = withResolvers();
    const writer = new BatchWriter<number>({
      name: "t",
      log,
      weigh,
      write: async () => {
        tried.resolve();
        throw noAnswer();
      },
      onRefused: () => {},
    });
    writer.start();
    writer.add(1);
    await tried.promise;
    const flushed = writer.flush();
    writer.stop();
    await flushed;
  });
});

function withResolvers() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
