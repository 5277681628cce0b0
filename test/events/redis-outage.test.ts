import { setTimeout as sleep } from "node:timers/promises";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { JobUpdates } from "../../src/events/job-updates.ts";
import { RedisBus } from "../../src/events/redis-bus.ts";
import { hasRedisServer, OwnRedis } from "../support/own-redis.ts";
import { MemoryStore } from "./memory-store.ts";
import { readStream, versionsOf } from "./read-stream.ts";
import { eventOf, sampleJob } from "./sample-job.ts";

const RECOVERY_MS = 8_000;

describe.skipIf(!hasRedisServer)("while Redis is away", () => {
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line) => lines.push(line) });
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  const stops: (() => Promise<void>)[] = [];
  let redis: OwnRedis;

  beforeEach(async () => {
    process.on("unhandledRejection", onRejection);
    redis = await OwnRedis.onFreePort();
  });

  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
    await redis.kill();
    // Promises that the closed connections reject are reported in a later turn.
    await sleep(10);
    process.off("unhandledRejection", onRejection);
    expect(rejections.splice(0)).toEqual([]);
    lines.length = 0;
  });

  async function startBus(url = redis.url): Promise<RedisBus> {
    const bus = new RedisBus({ redisUrl: url, prefix: "outage", log });
    stops.push(() => bus.stop());
    await bus.start();
    return bus;
  }

  async function startUpdates(bus: RedisBus, store: MemoryStore): Promise<JobUpdates> {
    const { readJobs } = store;
    const updates = new JobUpdates({ bus, readJobs, log, subscriptionsMax: 1_000 });
    stops.unshift(() => updates.stop());
    await updates.start();
    return updates;
  }

  function connected(...buses: RedisBus[]): Promise<void> {
    const check = () => expect(buses.every((bus) => bus.status().connected)).toBe(true);
    return vi.waitFor(check, { timeout: RECOVERY_MS, interval: 10 });
  }

  test("the bus starts, and connects when Redis comes", async () => {
    const startedAt = performance.now();
    const [a, b] = [await startBus(), await startBus()];
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect(a.status()).toMatchObject({ kind: "redis", connected: false });
    const told = lines.filter((line) => line.includes("cannot be reached"));
    // One of each bus, though it has two connections that fail again and again.
    expect(told).toHaveLength(2);
    expect(JSON.parse(told[0] ?? "").msg).toMatch(
      /^Redis at 127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED.*\. Until it can, .* Check REDIS_URL\.$/,
    );
    const { id } = sampleJob();
    await a.announceInterest(id);
    const gap = new Promise<void>((resolve) => a.onGap(resolve));
    await redis.start();
    await gap;
    await connected(a, b);
    const events: unknown[] = [];
    a.onEvents((batch) => events.push(...batch));
    await vi.waitFor(() => expect(b.isWatched(id)).toBe(true));
    const event = eventOf(sampleJob({ id }));
    b.publish([event]);
    await vi.waitFor(() => expect(events).toEqual([event]));
  });

  test("watchers come, leave and see final states; afterwards all is as before", async () => {
    await redis.start();
    const [runs, serves] = [await startBus(), await startBus()];
    const store = new MemoryStore();
    const updates = await startUpdates(serves, store);
    const [early, survivor] = [store.add(), store.add()];
    const readings = [early, survivor].map(({ id }) => readStream(updates.watchJob(id)));
    await Promise.all(readings.map((reading) => reading.until(() => true)));

    await redis.kill();
    await vi.waitFor(() => expect(serves.status().connected).toBe(false));
    const committedAt = performance.now();
    runs.publish([store.commit(early.id, { status: "COMPLETED" })]);
    await readings[0]?.completed;
    expect(performance.now() - committedAt).toBeLessThan(2_000);
    await watchAndLeave(updates, store, runs);

    await redis.start();
    const gap = new Promise<void>((resolve) => serves.onGap(resolve));
    await gap;
    await connected(runs, serves);
    await vi.waitFor(() => expect(runs.isWatched(survivor.id)).toBe(true), RECOVERY_MS);
    const heard = new Promise((resolve) => serves.onEvents(resolve));
    runs.publish([store.commit(survivor.id, { status: "FAILED" })]);
    await heard;
    await readings[1]?.completed;
    expect(readings.map(versionsOf)).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test("a Redis that dies again and again loses no final state", async () => {
    await redis.start();
    const [runs, serves] = [await startBus(), await startBus()];
    const store = new MemoryStore();
    const updates = await startUpdates(serves, store);
    const readings = Array.from({ length: 50 }, async (_, n) => {
      await sleep(n * 40);
      const { id } = store.add();
      const reading = readStream(updates.watchJob(id));
      await sleep(Math.random() * 100);
      runs.publish([store.commit(id, { status: "RUNNING" })]);
      await sleep(Math.random() * 100);
      runs.publish([store.commit(id, { status: "COMPLETED" })]);
      await reading.completed;
      return reading;
    });
    const outages = async () => {
      for (let n = 0; n < 4; n += 1) {
        await sleep(300);
        await redis.kill();
        await sleep(n * 100);
        await redis.start();
      }
    };
    const [all] = await Promise.all([Promise.all(readings), outages()]);
    for (const reading of all) {
      expect(reading.states.at(-1)?.status).toBe("COMPLETED");
      expect(versionsOf(reading)).toEqual(versionsOf(reading).toSorted((a, b) => a - b));
    }
  });

  test("a frozen Redis holds up nobody, and is left behind when it thaws", async () => {
    await redis.start();
    const [runs, serves] = [await startBus(), await startBus()];
    const store = new MemoryStore();
    const updates = await startUpdates(serves, store);
    const { id } = store.add();
    const reading = readStream(updates.watchJob(id));
    await reading.until(() => true);
    redis.freeze();
    const frozenAt = performance.now();
    runs.publish([store.commit(id, { status: "RUNNING" })]);
    runs.wake({ lanes: [1] });
    const late = readStream(updates.watchJob(store.add({ status: "FAILED" }).id));
    await late.completed;
    expect(performance.now() - frozenAt).toBeLessThan(1_500);
    await reading.until((job) => job.status === "RUNNING");
    expect(performance.now() - frozenAt).toBeLessThan(2_000);
    await vi.waitFor(() => expect(runs.counters.messagesFailed).toBeGreaterThan(0), 3_000);
    redis.thaw();
    await connected(runs, serves);
    await vi.waitFor(() => expect(runs.isWatched(id)).toBe(true), RECOVERY_MS);
    runs.publish([store.commit(id, { status: "COMPLETED" })]);
    await reading.completed;
    expect(versionsOf(reading)).toEqual([1, 2, 3]);
  });

  test("stopping is quick, whatever Redis does", async () => {
    await redis.start();
    const [healthy, broken, frozen] = [await startBus(), await startBus(), await startBus()];
    await healthy.stop();
    redis.freeze();
    frozen.wake({ lanes: [1] });
    const stoppedAt = performance.now();
    await frozen.stop();
    expect(performance.now() - stoppedAt).toBeLessThan(3_000);
    await redis.kill();
    await vi.waitFor(() => expect(broken.status().connected).toBe(false));
    const brokenAt = performance.now();
    await broken.stop();
    expect(performance.now() - brokenAt).toBeLessThan(1_000);
  });

  test("a refused SUBSCRIBE is logged, and ends nothing", async () => {
    redis = await OwnRedis.onFreePort(..."--user deaf on >pass ~* +@all resetchannels".split(" "));
    await redis.start();
    const bus = await startBus(`redis://deaf:pass@127.0.0.1:${redis.port}`);
    await vi.waitFor(() => expect(lines.join("")).toContain("NOPERM"));
    expect(bus.status().connected).toBe(false);
    const { id } = sampleJob();
    (await bus.announceInterest(id))();
  });

  test("a refused password is logged seldom, and never written down", async () => {
    redis = await OwnRedis.onFreePort("--requirepass", "the-right-one");
    await redis.start();
    const bus = await startBus(`redis://:the-wr0ng-one@127.0.0.1:${redis.port}`);
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(0));
    await sleep(500);
    expect(bus.status().connected).toBe(false);
    expect(lines.length).toBeLessThan(5);
    expect(lines.join("")).toContain("WRONGPASS");
    expect(lines.join("") + JSON.stringify(bus.status())).not.toContain("the-wr0ng-one");
  });
});

/** Clients at 200 a second for half a second: each watches a job, some leave, the others see it end. */
async function watchAndLeave(updates: JobUpdates, store: MemoryStore, runs: RedisBus) {
  const ends: Promise<void>[] = [];
  for (let n = 0; n < 100; n += 1) {
    const { id } = store.add();
    const stream = updates.watchJob(id);
    if (n % 2 === 0) {
      await stream.next();
      await stream.return?.();
    } else {
      ends.push(readStream(stream).completed);
      runs.publish([store.commit(id, { status: "COMPLETED" })]);
    }
    await sleep(5);
  }
  await Promise.all(ends);
}
