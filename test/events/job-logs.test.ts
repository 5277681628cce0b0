import { randomUUID } from "node:crypto";
import fc from "fast-check";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LOG_START } from "../../src/domain/log-line.ts";
import type { Bus } from "../../src/events/bus.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { JobLogs, type JobLogsOptions } from "../../src/events/job-logs.ts";
import { LINES_PAGE, type LogStream } from "../../src/events/log-stream.ts";
import { RedisBus } from "../../src/events/redis-bus.ts";
import { hasRedisServer, OwnRedis } from "../support/own-redis.ts";
import { describeWithRedis, testRedis } from "../support/postgres.ts";
import { MemoryLogs } from "./memory-logs.ts";

const log = pino({ level: "silent" });

let store: MemoryLogs;
let bus: InProcessBus;
const stops: (() => Promise<void>)[] = [];

beforeEach(() => {
  store = new MemoryLogs();
  bus = new InProcessBus(log);
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function startLogs(options: Partial<JobLogsOptions> = {}): JobLogs {
  const { readLines, findNews } = store;
  const logs = new JobLogs({ bus, readLines, findNews, log, ...options });
  logs.start();
  stops.unshift(() => logs.stop());
  return logs;
}

/** As a writer does, after its commit. */
function append(id: string, ...messages: string[]): void {
  store.append(id, ...messages);
  if (bus.isWatched(id)) bus.wake({ logs: [id] });
}

interface Reading {
  readonly messages: string[];
  readonly completed: Promise<void>;
  until(count: number): Promise<void>;
}

function read(stream: LogStream): Reading {
  const messages: string[] = [];
  const completed = (async () => {
    for await (const { message } of stream) messages.push(message);
  })();
  completed.catch(() => {});
  const until = (count: number) => vi.waitFor(() => expect(messages.length).toBe(count), 10_000);
  return { messages, completed, until };
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}`);

describe("a watcher of a job's log", () => {
  test("gets what is there, then each line as it comes, and is done after the last one", async () => {
    const logs = startLogs({ repairIntervalMs: null });
    const id = store.add();
    append(id, "one", "two");
    const reading = read(logs.watch(id.toUpperCase(), LOG_START));
    await reading.until(2);
    append(id, "three");
    await reading.until(3);
    append(id, "four", "five");
    bus.publish([store.finish(id)]);
    await reading.completed;
    expect(reading.messages).toEqual(["one", "two", "three", "four", "five"]);
    expect(logs.subscriptionCount).toBe(0);
    expect(bus.isWatched(id)).toBe(false);
  });

  test("of a quiet job is open before there is a line", async () => {
    const logs = startLogs({ repairIntervalMs: null });
    const stream = logs.watch(store.add(), LOG_START);
    await stream.whenOpen();
    expect(stream.isOpen).toBe(true);
    await stream.return();
    expect(logs.subscriptionCount).toBe(0);
  });

  test("of a job that is over gets its lines and is done, however many they are", async () => {
    const logs = startLogs();
    const id = store.add();
    store.append(id, ...numbered(1, 3 * LINES_PAGE));
    store.finish(id);
    const reading = read(logs.watch(id, LOG_START));
    await reading.completed;
    expect(reading.messages).toEqual(numbered(1, 3 * LINES_PAGE));
  });

  test("gets only what comes after its place", async () => {
    const logs = startLogs();
    const id = store.add();
    store.append(id, ...numbered(1, 120));
    store.finish(id);
    const reading = read(logs.watch(id, { attempt: 1, seq: 115 }));
    await reading.completed;
    expect(reading.messages).toEqual(numbered(116, 120));
    const last = read(logs.watch(id, { attempt: 1, seq: 120 }));
    await last.completed;
    expect(last.messages).toEqual([]);
  });

  test("is told by the repair what the bus has lost: lines, the end, and that the job is gone", async () => {
    const logs = startLogs({ repairIntervalMs: 20 });
    const [id, gone] = [store.add(), store.add()];
    const readings = [id, gone].map((each) => read(logs.watch(each, LOG_START)));
    store.append(id, "unheard");
    await readings[0]?.until(1);
    store.append(id, "unheard, too");
    store.finish(id);
    store.delete(gone);
    await Promise.all(readings.map(({ completed }) => completed));
    expect(readings.map(({ messages }) => messages)).toEqual([["unheard", "unheard, too"], []]);
  });

  test("that is slow holds one page, misses nothing, and has nothing read for it meanwhile", async () => {
    const logs = startLogs({ repairIntervalMs: 10 });
    const id = store.add();
    const stream = logs.watch(id, LOG_START);
    await stream.whenOpen();
    append(id, ...numbered(1, 10 * LINES_PAGE));
    await vi.waitFor(() => expect(store.reads).toHaveLength(2));
    for (let n = 0; n < 20; n += 1) append(id, `more ${n}`);
    expect(store.reads).toHaveLength(2);
    store.finish(id);
    const reading = read(stream);
    await reading.completed;
    expect(reading.messages).toHaveLength(10 * LINES_PAGE + 20);
    expect(reading.messages.at(-1)).toBe("more 19");
  });

  test("of an unknown or malformed id is told NOT_FOUND, and those beside it their lines", async () => {
    const logs = startLogs();
    const id = store.add();
    store.append(id, "one");
    const [known, unknown, malformed] = [id, randomUUID(), "42"].map((each) =>
      logs.watch(each, LOG_START),
    );
    await known?.whenOpen();
    await expect(unknown?.whenOpen()).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(malformed?.whenOpen()).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(logs.watch("", LOG_START).next()).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(logs.subscriptionCount).toBe(1);
  });

  test("that leaves while it is being opened leaves nothing behind", async () => {
    const logs = startLogs();
    const id = store.add();
    const stream = logs.watch(id, LOG_START);
    const opening = stream.whenOpen();
    await stream.return();
    await opening;
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    await vi.waitFor(() => expect(bus.isWatched(id)).toBe(false));
    expect(logs.subscriptionCount).toBe(0);
  });

  test("is told when the server stops, and nobody is admitted before its start or after its stop", async () => {
    const logs = startLogs();
    const stream = logs.watch(store.add(), LOG_START);
    await stream.whenOpen();
    const waiting = stream.next();
    await logs.stop();
    await expect(waiting).rejects.toMatchObject({ code: "UNAVAILABLE" });
    const { readLines, findNews } = store;
    const fresh = new JobLogs({ bus, readLines, findNews, log });
    for (const each of [logs, fresh]) {
      const late = each.watch(store.add(), LOG_START);
      await expect(late.whenOpen()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    }
  });

  test("goes on after readings that failed, and so does one that comes meanwhile", async () => {
    let failures = 2;
    store.beforeRead = async () => {
      failures -= 1;
      if (failures >= 0) throw new Error("no database");
    };
    const logs = startLogs();
    const id = store.add();
    store.append(id, "one");
    store.finish(id);
    const readings = [read(logs.watch(id, LOG_START)), read(logs.watch(id, LOG_START))];
    await Promise.all(readings.map(({ completed }) => completed));
    expect(readings.map(({ messages }) => messages)).toEqual([["one"], ["one"]]);
  });

  test("shares readings with the others of its job, and gets the same lines", async () => {
    const logs = startLogs({ repairIntervalMs: null });
    const id = store.add();
    const streams = Array.from({ length: 1_000 }, () => logs.watch(id, LOG_START));
    await Promise.all(streams.map((stream) => stream.whenOpen()));
    const first = streams.map((stream) => stream.next());
    append(id, "one");
    const steps = await Promise.all(first);
    expect(new Set(steps.map(({ value }) => value)).size).toBe(1);
    expect(store.reads.flat()).toHaveLength(2);
  });

  test("polls as it would iterate, and is woken once for each time that there is nothing", async () => {
    const logs = startLogs({ repairIntervalMs: null });
    const id = store.add();
    const stream = logs.watch(id, LOG_START);
    await stream.whenOpen();
    let woken = 0;
    const poll = () => stream.poll(() => (woken += 1));
    expect(poll()).toBeNull();
    append(id, "one", "two");
    await vi.waitFor(() => expect(woken).toBe(1));
    expect(poll()?.value?.message).toBe("one");
    expect(poll()?.value?.message).toBe("two");
    expect(poll()).toBeNull();
    bus.publish([store.finish(id)]);
    await vi.waitFor(() => expect(woken).toBe(2));
    expect(poll()).toEqual({ value: undefined, done: true });
  });

  test("gets each line once and in order, in every order of writes, messages and readings", async () => {
    const step = fc.constantFrom("append", "quiet", "page", "tell", "wait", "take");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const logs = startLogs({ repairIntervalMs: null });
        const id = store.add();
        const stream = logs.watch(id, LOG_START);
        const taken: string[] = [];
        let written = 0;
        const write = (count: number) => {
          store.append(id, ...numbered(written + 1, written + count));
          written += count;
        };
        for (const each of steps) {
          if (each === "append" || each === "page") {
            write(each === "page" ? LINES_PAGE : 1);
            bus.wake({ logs: [id] });
          } else if (each === "quiet") write(1);
          else if (each === "tell") bus.wake({ logs: [id] });
          else if (each === "wait") await new Promise((resolve) => setImmediate(resolve));
          else {
            const told = stream.poll(() => {});
            if (told?.done === false) taken.push(told.value.message);
          }
        }
        bus.publish([store.finish(id)]);
        for await (const { message } of stream) taken.push(message);
        expect(taken).toEqual(numbered(1, written));
        await logs.stop();
      }),
      { numRuns: 100 },
    );
  });
});

describeWithRedis("watchers of a job's log on another instance", () => {
  async function startBus(url: string, prefix: string): Promise<RedisBus> {
    const redisBus = new RedisBus({ redisUrl: url, prefix, log });
    stops.push(() => redisBus.stop());
    await redisBus.start();
    return redisBus;
  }

  const startOn = (redisBus: Bus) => startLogs({ bus: redisBus, repairIntervalMs: null });

  test("are told through Redis that there is something to read, and not what", async () => {
    const { url, prefix } = testRedis();
    const [runs, serves] = [await startBus(url, prefix), await startBus(url, prefix)];
    const logs = startOn(serves);
    const id = store.add();
    expect(runs.isWatched(id)).toBe(false);
    const stream = logs.watch(id, LOG_START);
    await stream.whenOpen();
    expect(runs.isWatched(id)).toBe(true);
    const heard: unknown[] = [];
    serves.onWake((wakeUp) => heard.push(wakeUp));
    const reading = read(stream);
    store.append(id, "secret");
    runs.wake({ logs: [id] });
    await reading.until(1);
    runs.publish([store.finish(id)]);
    await reading.completed;
    expect(heard).toEqual([{ logs: [id] }]);
  });

  test.skipIf(!hasRedisServer)("read on while Redis is away, and after it", async () => {
    const redis = await OwnRedis.onFreePort();
    await redis.start();
    stops.push(() => redis.kill());
    const [runs, serves] = [await startBus(redis.url, "p"), await startBus(redis.url, "p")];
    const logs = startLogs({ bus: serves });
    const id = store.add();
    const reading = read(logs.watch(id, LOG_START));
    store.append(id, "before");
    runs.wake({ logs: [id] });
    await reading.until(1);
    await redis.kill();
    store.append(id, "meanwhile");
    runs.wake({ logs: [id] });
    await reading.until(2);
    const gap = new Promise<void>((resolve) => serves.onGap(resolve));
    await redis.start();
    await gap;
    store.append(id, "after");
    store.finish(id);
    await reading.completed;
    expect(reading.messages).toEqual(["before", "meanwhile", "after"]);
  });
});
