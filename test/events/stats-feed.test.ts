import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { StatsFilter, StatsRecord } from "../../src/domain/stats.ts";
import { StatsFeed } from "../../src/events/stats-feed.ts";

const log = pino({ level: "silent" });
const SECOND = 1_000;

/** Numbers that a test sets. */
class Numbers {
  completed = 0;
  oldestPendingAtMs: number | null = null;
  failures = 0;
  inFlight = 0;
  inFlightMax = 0;
  /** When each reading began, and of what. */
  readonly reads: { readonly atMs: number; readonly filter: StatsFilter }[] = [];
  /** Awaited inside of each reading, after it looked. */
  afterRead: () => Promise<void> = async () => {};

  readonly read = async (filter: StatsFilter): Promise<StatsRecord> => {
    const asOfMs = performance.now();
    this.reads.push({ atMs: asOfMs, filter });
    this.inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
    const { completed: COMPLETED, oldestPendingAtMs } = this;
    const others = { BLOCKED: 0, SCHEDULED: 0, PENDING: 0, RUNNING: 0, FAILED: 0, CANCELLED: 0 };
    await this.afterRead().finally(() => {
      this.inFlight -= 1;
    });
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error("the database is away");
    }
    return { asOfMs, oldestPendingAtMs, counts: { ...others, COMPLETED } };
  };
}

/** What a fast reader is told, and when. */
function follow(stream: AsyncIterableIterator<StatsRecord>) {
  const told: { readonly completed: number; readonly atMs: number }[] = [];
  const ended = (async () => {
    for await (const { counts } of stream) {
      told.push({ completed: counts.COMPLETED, atMs: performance.now() });
    }
  })();
  ended.catch(() => {});
  return { told, ended, counts: () => told.map(({ completed }) => completed) };
}

let numbers: Numbers;
let feed: StatsFeed;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"],
  });
  numbers = new Numbers();
  feed = new StatsFeed({ readStats: numbers.read, log });
  feed.start();
});

afterEach(async () => {
  numbers.afterRead = async () => {};
  const stopped = feed.stop();
  await pass(SECOND);
  await stopped;
  vi.useRealTimers();
});

/** A little longer, so that what begins at the end of the time is seen to end. */
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms + 2);

it("tells the stats at once, and then whenever they have changed", async () => {
  const { counts } = follow(feed.watch({}, SECOND));
  await pass(0);
  expect(counts()).toEqual([0]);
  numbers.completed = 1;
  await pass(SECOND);
  expect(counts()).toEqual([0, 1]);
  await pass(5 * SECOND);
  expect(counts()).toEqual([0, 1]);
  numbers.oldestPendingAtMs = 7;
  await pass(SECOND);
  expect(counts()).toEqual([0, 1, 1]);
});

it("reads once for all who want the same as often, and not at all for nobody", async () => {
  await pass(10 * SECOND);
  expect(numbers.reads).toEqual([]);
  const filters = [{ queues: ["a", "b"] }, { queues: ["b", "a", "b"] }];
  const many = Array.from({ length: 200 }, (_, n) => feed.watch(filters[n % 2] ?? {}, SECOND));
  const readers = many.map(follow);
  await pass(0);
  expect(numbers.reads).toHaveLength(1);
  expect(readers.every(({ told }) => told.length === 1)).toBe(true);
  await pass(3 * SECOND);
  expect(numbers.reads).toHaveLength(4);
  follow(feed.watch({}, SECOND));
  await pass(0);
  expect(numbers.reads.at(-1)?.filter).toEqual({});
  await Promise.all(many.map((stream) => stream.return()));
  const before = numbers.reads.length;
  await pass(3 * SECOND);
  expect(numbers.reads.slice(before).map(({ filter }) => filter)).toEqual([{}, {}, {}]);
});

it("a stream that nobody reads from is not registered", async () => {
  feed.watch({}, SECOND);
  await pass(3 * SECOND);
  expect(numbers.reads).toEqual([]);
});

it("whoever joins is told what is true then, and nobody more often than they asked for", async () => {
  const early = follow(feed.watch({}, 10 * SECOND));
  await pass(4 * SECOND);
  numbers.completed = 1;
  const late = follow(feed.watch({}, 10 * SECOND));
  await pass(0);
  expect(late.counts()).toEqual([1]);
  expect(early.counts()).toEqual([0]);
  await pass(30 * SECOND);
  const moments = early.told.map(({ atMs }) => atMs);
  expect(moments.length).toBeGreaterThan(1);
  for (const [index, atMs] of moments.slice(1).entries()) {
    expect(atMs - (moments[index] ?? 0)).toBeGreaterThanOrEqual(10 * SECOND);
  }
});

it("whoever joins while a reading is under way waits for the next one", async () => {
  let endReading = () => {};
  const reading = new Promise<void>((resolve) => {
    endReading = resolve;
  });
  numbers.afterRead = () => reading;
  follow(feed.watch({}, SECOND));
  await pass(0);
  numbers.completed = 1;
  const { counts } = follow(feed.watch({}, SECOND));
  await pass(0);
  expect(numbers.reads).toHaveLength(1);
  endReading();
  await pass(0);
  expect(counts()).toEqual([1]);
});

it("says every 15 seconds that it lives, where nothing changes", async () => {
  const { told } = follow(feed.watch({}, SECOND));
  await pass(40 * SECOND);
  expect(told).toHaveLength(3);
  const [first, second] = told.map(({ atMs }) => atMs);
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(15 * SECOND);
});

it("a slow reader gets the latest, and nothing if that is what it had", async () => {
  const stream = feed.watch({}, SECOND);
  const next = async () => (await stream.next()).value?.counts.COMPLETED;
  const first = next();
  await pass(0);
  expect(await first).toBe(0);
  for (const completed of [1, 2, 3]) {
    numbers.completed = completed;
    await pass(SECOND);
  }
  expect(await next()).toBe(3);
  numbers.completed = 4;
  await pass(SECOND);
  numbers.completed = 3;
  await pass(SECOND);
  const rest = follow(stream);
  await pass(3 * SECOND);
  expect(rest.counts()).toEqual([]);
});

it("goes on when the database is back, and tells nobody of it", async () => {
  numbers.failures = 3;
  const { counts } = follow(feed.watch({}, 60 * SECOND));
  await pass(10 * SECOND);
  expect(counts()).toEqual([0]);
  expect(numbers.reads).toHaveLength(4);
  numbers.completed = 1;
  numbers.failures = 1;
  await pass(62 * SECOND);
  expect(counts()).toEqual([0, 1]);
});

it("never reads more than two at a time, whatever is asked for", async () => {
  numbers.afterRead = () => new Promise((resolve) => setTimeout(resolve, 10));
  const queues = Array.from({ length: 20 }, (_, n) => [`q${n}`]);
  const readers = queues.map((names) => follow(feed.watch({ queues: names }, SECOND)));
  await pass(150);
  expect(readers.every(({ told }) => told.length === 1)).toBe(true);
  expect(numbers.inFlightMax).toBe(2);
});

it("`return` takes effect at once, also while a value is awaited, and nothing is read any more", async () => {
  const stream = feed.watch({}, SECOND);
  await Promise.all([stream.next(), pass(0)]);
  const pending = stream.next();
  await stream.return();
  expect(await pending).toEqual({ value: undefined, done: true });
  await pass(5 * SECOND);
  expect(numbers.reads).toHaveLength(1);
});

it("`stop` ends it with UNAVAILABLE, and so is what comes after", async () => {
  const reading = follow(feed.watch({}, SECOND));
  const idle = feed.watch({}, SECOND);
  await Promise.all([idle.next(), pass(0)]);
  await feed.stop();
  await expect(reading.ended).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(idle.next()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(await idle.next()).toEqual({ value: undefined, done: true });
  await expect(feed.watch({}, SECOND).next()).rejects.toMatchObject({ code: "UNAVAILABLE" });
});
