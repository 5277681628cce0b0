import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import pino from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { JobEvent } from "../../src/domain/event.ts";
import type { JobRecord } from "../../src/domain/job-record.ts";
import { BUCKET_COUNT, bucketOf } from "../../src/events/bucket.ts";
import type { WakeUp } from "../../src/events/bus.ts";
import type { BusTimings } from "../../src/events/bus-timings.ts";
import { createBus } from "../../src/events/connect-bus.ts";
import { JobUpdates } from "../../src/events/job-updates.ts";
import { RedisBus } from "../../src/events/redis-bus.ts";
import { describeWithRedis, testRedis } from "../support/postgres.ts";
import { MemoryStore } from "./memory-store.ts";
import { readStream, versionsOf } from "./read-stream.ts";
import { eventOf, sampleJob } from "./sample-job.ts";

const log = pino({ level: "silent" });

describeWithRedis("the bus over Redis", () => {
  let url: string;
  let prefix: string;
  const stops: (() => Promise<void>)[] = [];

  beforeEach(() => {
    ({ url, prefix } = testRedis());
  });

  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
  });

  async function startBus(timings: Partial<BusTimings> = {}): Promise<RedisBus> {
    const bus = new RedisBus({ redisUrl: url, prefix, log, timings });
    stops.push(() => bus.stop());
    await bus.start();
    return bus;
  }

  /** A plain client, as a stranger on the same Redis has it. */
  function stranger(): Redis {
    const redis = new Redis(url);
    stops.push(async () => redis.disconnect());
    return redis;
  }

  /** Every message on the channels of the events, as it comes. */
  async function spyOnEvents(): Promise<string[][]> {
    const messages: string[][] = [];
    const redis = stranger();
    await redis.psubscribe(`${prefix}:events:*`);
    redis.on("pmessage", (_, channel: string, text: string) => messages.push([channel, text]));
    return messages;
  }

  function received(bus: RedisBus): JobEvent[] {
    const events: JobEvent[] = [];
    bus.onEvents((batch) => events.push(...batch));
    return events;
  }

  test("delivers an event to another instance that is published right after its interest was announced", async () => {
    const [publisher, watcher] = [await startBus(), await startBus()];
    const events = received(watcher);
    const published: JobEvent[] = [];
    for (let n = 0; n < 2 * BUCKET_COUNT; n += 1) {
      const job = sampleJob({ version: n, status: "RUNNING", progress: n / 100, threads: 2 });
      await watcher.announceInterest(job.id);
      expect(publisher.isWatched(job.id)).toBe(true);
      const event = eventOf(job, n % 2 === 0 ? "PENDING" : null);
      publisher.publish([event]);
      published.push(event);
    }
    await vi.waitFor(() => expect(events).toHaveLength(published.length));
    // Buckets have channels of their own, between which there is no order.
    expect(events.toSorted((a, b) => a.version - b.version)).toEqual(published);
  });

  test("calls own listeners within publish, and once only", async () => {
    const [bus, other] = [await startBus(), await startBus()];
    await Promise.all([bus.announceInterest(null), other.announceInterest(null)]);
    const [own, others] = [received(bus), received(other)];
    const event = eventOf(sampleJob());
    bus.publish([event]);
    expect(own).toEqual([event]);
    await vi.waitFor(() => expect(others).toEqual([event]));
    const answer = eventOf(sampleJob());
    other.publish([answer]);
    await vi.waitFor(() => expect(own).toEqual([event, answer]));
    expect(bus.counters.messagesRejected).toBe(0);
  });

  test("sends nothing while nobody elsewhere watches, nor after the last watcher has left", async () => {
    const publisher = await startBus();
    const watcher = await startBus({ lingerMs: 50, tickMs: 10 });
    const messages = await spyOnEvents();
    const { id } = sampleJob();
    const releaseOwn = await publisher.announceInterest(id);
    publisher.publish([eventOf(sampleJob({ id }))]);
    releaseOwn();
    const release = await watcher.announceInterest(id);
    publisher.publish([eventOf(sampleJob({ id, version: 2 }))]);
    release();
    await vi.waitFor(() => expect(messages).toHaveLength(1));
    expect(messages[0]?.[1]).toContain(`["${id}",2,`);
    await vi.waitFor(() => expect(publisher.isWatched(id)).toBe(false));
    publisher.publish([eventOf(sampleJob({ id, version: 3 }))]);
    // The wake-up goes out after the events of the same tick.
    const woken = new Promise((resolve) => watcher.onWake(resolve));
    publisher.wake({ lanes: [1] });
    await woken;
    expect(messages).toHaveLength(1);
  });

  test("asks the others once for a bucket, however many watch in it", async () => {
    const [bus, other] = [await startBus(), await startBus()];
    const { id } = sampleJob();
    const before = other.counters.messagesReceived;
    await Promise.all(Array.from({ length: 100 }, () => bus.announceInterest(id)));
    await bus.announceInterest(id);
    expect(other.counters.messagesReceived - before).toBe(1);
    await Promise.all([bus.announceInterest(null), bus.announceInterest(null)]);
    await bus.announceInterest(sampleJob().id);
    expect(other.counters.messagesReceived - before).toBe(2);
  });

  test("does not wait long for a subscriber that never answers", async () => {
    const bus = await startBus();
    await stranger().subscribe(`${prefix}:control`);
    const startedAt = performance.now();
    await bus.announceInterest(sampleJob().id);
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(140);
    expect(tookMs).toBeLessThan(1_000);
  });

  test("tells an instance that starts later what the others watch", async () => {
    const watcher = await startBus();
    const { id } = sampleJob();
    await watcher.announceInterest(id);
    const late = await startBus();
    expect(late.isWatched(id)).toBe(true);
  });

  test("renews interest while somebody watches, and forgets that of a dead instance", async () => {
    const bus = await startBus({ expiryMs: 400, tickMs: 20 });
    const alive = await startBus({ renewMs: 50, tickMs: 20 });
    const [kept, lost] = ["0", "1"].map((digit) => `${randomUUID().slice(0, -1)}${digit}`);
    await alive.announceInterest(kept ?? "");
    const dead = `v1 ${randomUUID()} `;
    const interest = { is: "interest", mask: 0b10, round: null };
    await stranger().publish(`${prefix}:control`, dead + JSON.stringify(interest));
    await vi.waitFor(() => expect(bus.isWatched(lost ?? "")).toBe(true));
    await vi.waitFor(() => expect(bus.isWatched(lost ?? "")).toBe(false), { timeout: 2_000 });
    expect(bus.isWatched(kept ?? "")).toBe(true);
  });

  test("forgets at once what a stopped instance wanted", async () => {
    const [bus, leaving] = [await startBus(), await startBus()];
    const { id } = sampleJob();
    await leaving.announceInterest(id);
    expect(bus.isWatched(id)).toBe(true);
    await leaving.stop();
    await vi.waitFor(() => expect(bus.isWatched(id)).toBe(false));
  });

  test("puts the events of one tick into one message a channel, 200 at most", async () => {
    const [publisher, watcher] = [await startBus(), await startBus()];
    await watcher.announceInterest(null);
    const messages = await spyOnEvents();
    const events = received(watcher);
    const inBucket = (digit: string, count: number) =>
      Array.from({ length: count }, () =>
        eventOf(sampleJob({ id: `${randomUUID().slice(0, -1)}${digit}` })),
      );
    const all = [...inBucket("a", 450), ...inBucket("3", 10)];
    for (const event of all) publisher.publish([event]);
    await vi.waitFor(() => expect(events).toHaveLength(all.length));
    expect(messages.map(([channel]) => channel).sort()).toEqual(
      [10, 10, 10, 3].map((bucket) => `${prefix}:events:${bucket}`),
    );
    const inOrder = events.filter((event) => bucketOf(event.id) === 10);
    expect(inOrder).toEqual(all.slice(0, 450));
  });

  test("wakes its own listeners at once, and others with one message a tick", async () => {
    const [bus, other] = [await startBus(), await startBus()];
    const own: WakeUp[] = [];
    const others: WakeUp[] = [];
    bus.onWake((wakeUp) => own.push(wakeUp));
    other.onWake((wakeUp) => others.push(wakeUp));
    bus.wake({ lanes: [1, 2] });
    bus.wake({ lanes: [2, 3], dueAtMs: 900 });
    bus.wake({ dueAtMs: 800 });
    bus.wake({ cancels: [7] });
    expect(own).toEqual([
      { lanes: [1, 2] },
      { lanes: [2, 3], dueAtMs: 900 },
      { dueAtMs: 800 },
      { cancels: [7] },
    ]);
    const all = { lanes: [1, 2, 3], dueAtMs: 800, cancels: [7] };
    await vi.waitFor(() => expect(others).toEqual([all]));
    expect(own).toHaveLength(4);
  });

  test("tells others where the first of the jobs of one message stands, if each says it", async () => {
    const [bus, other] = [await startBus(), await startBus()];
    const others: WakeUp[] = [];
    other.onWake((wakeUp) => others.push(wakeUp));
    bus.wake({ lanes: [1], from: { rank: 0, atMs: 700 } });
    bus.wake({ lanes: [2], from: { rank: -1, atMs: 900 } });
    bus.wake({ dueAtMs: 800 });
    const first = { rank: -1, atMs: 900 };
    await vi.waitFor(() => expect(others).toEqual([{ lanes: [1, 2], from: first, dueAtMs: 800 }]));
    bus.wake({ lanes: [1], from: { rank: 0, atMs: 700 } });
    bus.wake({ lanes: [2] });
    await vi.waitFor(() => expect(others[1]).toEqual({ lanes: [1, 2] }));
  });

  test("drops and counts whatever no server of this version wrote, and goes on", async () => {
    const [bus, publisher] = [await startBus(), await startBus()];
    await bus.announceInterest(null);
    const events = received(bus);
    const wakes = vi.fn();
    bus.onWake(wakes);
    const head = `v1 ${randomUUID()} `;
    const tuple: unknown[] = [randomUUID(), 2, 4, 3, "t", "q", 0, 1, 2, 1, null, 5, 5, 5, null, 1];
    const onEvents = [
      "hello",
      "",
      "{}",
      "null",
      Buffer.from([0xff, 0xfe, 0x00]),
      "x".repeat(5_000_000),
      `${head}[${"1,".repeat(2_500_000)}1]`,
      `v2 ${randomUUID()} []`,
      `v1 ${"z".repeat(36)} []`,
      `${head}[`,
      `${head}{}`,
      `${head}[null]`,
      `${head}[[]]`,
      `${head}[{"id":"x"}]`,
      ...tuple.map((_, n) => head + JSON.stringify([tuple.with(n, { not: "it" })])),
      head + JSON.stringify([tuple.with(1, -1)]),
      head + JSON.stringify([tuple.with(2, 8)]),
      `${head}[${JSON.stringify(tuple).replace(",5,", ",1e999,")}]`,
      head + JSON.stringify([[...tuple, "more"]]),
    ];
    const onControl = [
      "hello",
      `${head}{}`,
      `${head}{"is":"wake","lanes":["1"]}`,
      `${head}{"is":"interest","mask":-1,"round":null}`,
      `${head}{"is":"interest","mask":65536,"round":null}`,
      `${head}{"is":"heard","to":"x","round":1,"mask":0}`,
      `${head}{"is":"other"}`,
    ];
    const redis = stranger();
    for (const text of onEvents) await redis.publish(`${prefix}:events:4`, text);
    for (const text of onControl) await redis.publish(`${prefix}:control`, text);
    const good = eventOf(sampleJob());
    publisher.publish([good]);
    await vi.waitFor(() => expect(events).toEqual([good]));
    await vi.waitFor(() =>
      expect(bus.counters.messagesRejected).toBe(onEvents.length + onControl.length),
    );
    expect(wakes).not.toHaveBeenCalled();
    // And the one that all the broken ones were made from is a good one.
    await redis.publish(`${prefix}:events:4`, head + JSON.stringify([tuple]));
    await vi.waitFor(() => expect(events).toHaveLength(2));
  });

  test("keeps the newest events when Redis is slower than they come", async () => {
    const [publisher, watcher] = [await startBus(), await startBus()];
    await watcher.announceInterest(null);
    const events = received(watcher);
    const id = randomUUID();
    const burst = Array.from({ length: 50_000 }, (_, n) => eventOf(sampleJob({ id, version: n })));
    publisher.publish(burst);
    await vi.waitFor(() => expect(events.at(-1)?.version).toBe(49_999));
    expect(events.length).toBeLessThanOrEqual(2_000);
    await vi.waitFor(() => expect(publisher.counters.eventsSent).toBe(events.length));
    expect(publisher.counters.eventsDropped).toBe(burst.length - events.length);
  });

  test("is stopped twice, and started after it was stopped, without harm", async () => {
    const bus = new RedisBus({ redisUrl: url, prefix, log });
    await bus.stop();
    await bus.start();
    await bus.stop();
    expect(bus.status().connected).toBe(false);
    bus.publish([eventOf(sampleJob())]);
    bus.wake({ lanes: [1] });
    (await bus.announceInterest(null))();
  });

  test("lets a watcher on another instance see every state of jobs in order, at once", async () => {
    const [runs, serves] = [await startBus(), await startBus()];
    const store = new MemoryStore();
    const { readJobs } = store;
    const options = { bus: serves, readJobs, log, subscriptionsMax: 1_000, repairIntervalMs: null };
    const updates = new JobUpdates(options);
    await updates.start();
    stops.push(() => updates.stop());
    const jobs = Array.from({ length: 200 }, () => store.add());
    const readings = jobs.map(({ id }) => readStream(updates.watchJob(id)));
    const move = async (changes: Partial<JobRecord>) => {
      for (const { id } of jobs) {
        const event = store.commit(id, changes);
        if (runs.isWatched(id)) runs.publish([event]);
        if (Math.random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    // Not waiting for the snapshots: the first moves race with them.
    await move({ status: "RUNNING" });
    await move({ progress: 0.5 });
    await Promise.all(readings.map((reading) => reading.until(() => true)));
    await move({ status: "COMPLETED" });
    await Promise.all(readings.map((reading) => reading.completed));
    for (const reading of readings) {
      expect(reading.states.at(-1)?.status).toBe("COMPLETED");
      expect(versionsOf(reading)).toEqual([1, 2, 3, 4].slice(-reading.states.length));
    }
  });
});

test("the status names the server and never its credentials", async () => {
  const urls = [
    ["redis://alice:s3cret@redis.example.com:6380/2", "Redis at redis.example.com:6380"],
    ["rediss://:s3cret@redis.example.com", "Redis at redis.example.com:6379 (TLS)"],
  ];
  for (const [redisUrl = "", name] of urls) {
    const bus = createBus({ redisUrl, prefix: "x", log });
    expect(bus.status()).toEqual({ kind: "redis", connected: false, name });
    await bus.stop();
  }
});
