import { randomUUID } from "node:crypto";
import fc from "fast-check";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { JobEvent } from "../../src/domain/event.ts";
import type { JobStatus } from "../../src/domain/job.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { MAILBOX_MAX } from "../../src/events/job-stream.ts";
import { JobUpdates, type JobUpdatesOptions } from "../../src/events/job-updates.ts";
import { MemoryStore } from "./memory-store.ts";
import { readStream, versionsOf } from "./read-stream.ts";

const log = pino({ level: "silent" });

let store: MemoryStore;
let bus: InProcessBus;
let updates: JobUpdates;

async function startUpdates(options: Partial<JobUpdatesOptions> = {}): Promise<JobUpdates> {
  const all = { bus, readJobs: store.readJobs, log, subscriptionsMax: 5_000, ...options };
  updates = new JobUpdates(all);
  await updates.start();
  return updates;
}

beforeEach(() => {
  store = new MemoryStore();
  bus = new InProcessBus(log);
});

afterEach(() => updates.stop());

/** A promise, and what resolves it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("a watcher", () => {
  test("gets the state now, then each newer one, and is done after the final one", async () => {
    await startUpdates({ repairIntervalMs: null });
    const { id } = store.add({ status: "PENDING", version: 7 });
    const reading = readStream(updates.watchJob(id));
    await reading.until((job) => job.version === 7);
    bus.publish([store.commit(id, { status: "RUNNING", attempt: 1, threads: 2 })]);
    bus.publish([store.commit(id, { progress: 0.5 })]);
    bus.publish([store.commit(id, { status: "COMPLETED", finishedAtMs: 5 })]);
    await reading.completed;
    expect(reading.states.map((job) => [job.version, job.status, job.progress])).toEqual([
      [7, "PENDING", null],
      [8, "RUNNING", null],
      [9, "RUNNING", 0.5],
      [10, "COMPLETED", 0.5],
    ]);
    expect(reading.states.at(-1)).toEqual(store.get(id));
    expect([updates.watchedCount, updates.subscriptionCount]).toEqual([0, 0]);
    expect(bus.isWatched(id)).toBe(false);
  });

  test("of a job that is over gets its final state and is done", async () => {
    await startUpdates();
    const { id } = store.add({ status: "FAILED", version: 9 });
    const reading = readStream(updates.watchJob(id));
    await reading.completed;
    expect(reading.states).toEqual([store.get(id)]);
  });

  test("gets each state once that is committed while the snapshot is being read", async () => {
    await startUpdates({ repairIntervalMs: null });
    const { id } = store.add();
    const [reached, read] = [gate(), gate()];
    store.beforeRead = async () => {
      // Committed after the watcher registered and before the read looks: both tell of it.
      bus.publish([store.commit(id, { status: "RUNNING" })]);
    };
    store.afterRead = () => {
      reached.open();
      return read.opened;
    };
    const reading = readStream(updates.watchJob(id));
    await reached.opened;
    bus.publish([store.commit(id, { progress: 0.1 })]);
    bus.publish([store.commit(id, { status: "COMPLETED" })]);
    read.open();
    await reading.completed;
    expect(versionsOf(reading)).toEqual([2, 3, 4]);
  });

  test("is not shown an older, doubled or foreign event", async () => {
    await startUpdates({ repairIntervalMs: null });
    const { id } = store.add();
    const other = store.add();
    const reading = readStream(updates.watchJob(id));
    await reading.until((job) => job.version === 1);
    const running = store.commit(id, { status: "RUNNING" });
    const completed = store.commit(id, { status: "COMPLETED" });
    bus.publish([store.commit(other.id, { status: "CANCELLED" }), running, running]);
    bus.publish([{ ...running, version: 1, status: "FAILED" }, running, completed]);
    await reading.completed;
    expect(versionsOf(reading)).toEqual([1, 2, 3]);
  });

  test("sees rising versions and the final state in every order of reads and messages", async () => {
    const step = fc.constantFrom<Step[]>(
      "commit",
      "deliver",
      "lose",
      "double",
      "late",
      "answer",
      "tick",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
        await checkInterleaving(steps);
      }),
      { numRuns: 300 },
    );
  });

  test("of an unknown or malformed id gets NOT_FOUND, and those beside it their states", async () => {
    await startUpdates();
    const { id } = store.add();
    const unknown = updates.watchJob(randomUUID());
    const malformed = updates.watchJob("42");
    const known = updates.watchJob(id.toUpperCase());
    const [first, ...others] = await Promise.allSettled([
      known.next(),
      unknown.next(),
      malformed.next(),
    ]);
    expect(first).toMatchObject({ status: "fulfilled", value: { value: { id } } });
    for (const result of others) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "NOT_FOUND" } });
    }
    expect(await unknown.next()).toEqual({ value: undefined, done: true });
    expect(updates.subscriptionCount).toBe(1);
  });

  test("over the limit is refused until another one leaves", async () => {
    await startUpdates({ subscriptionsMax: 2 });
    const { id } = store.add();
    const streams = [updates.watchJob(id), updates.watchJob(id), updates.watchJob(id)] as const;
    await Promise.all([streams[0].next(), streams[1].next()]);
    await expect(streams[2].next()).rejects.toMatchObject({ code: "TOO_MANY_SUBSCRIPTIONS" });
    await streams[0].return?.();
    const next = updates.watchJob(id);
    expect(await next.next()).toMatchObject({ value: { id } });
  });

  test("that leaves ends its pending read at once, whatever it waits for", async () => {
    await startUpdates({ repairIntervalMs: null });
    const { id } = store.add();
    const [waitsForEvent, waitsForSnapshot] = [updates.watchJob(id), updates.watchJob(id)];
    await waitsForEvent.next();
    const read = gate();
    store.beforeRead = () => read.opened;
    const pending = [waitsForEvent.next(), waitsForSnapshot.next()];
    void waitsForEvent.return?.();
    void waitsForSnapshot.return?.();
    expect([updates.watchedCount, updates.subscriptionCount]).toEqual([0, 0]);
    await expect(Promise.all(pending)).resolves.toEqual([
      { value: undefined, done: true },
      { value: undefined, done: true },
    ]);
    read.open();
    await vi.waitFor(() => expect(bus.isWatched(id)).toBe(false));
  });

  test("that nobody reads registers nothing", async () => {
    await startUpdates();
    const stream = updates.watchJob(store.add().id);
    expect(updates.subscriptionCount).toBe(0);
    await stream.return?.();
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    expect(store.reads).toEqual([]);
  });

  test("may ask for several states ahead, and gets them in order", async () => {
    await startUpdates({ repairIntervalMs: null });
    const { id } = store.add();
    const stream = updates.watchJob(id);
    await stream.next();
    const asked = [stream.next(), stream.next(), stream.next()];
    bus.publish([store.commit(id, { status: "RUNNING" }), store.commit(id, { status: "FAILED" })]);
    expect((await Promise.all(asked)).map((result) => result.value?.version)).toEqual([
      2,
      3,
      undefined,
    ]);
  });
});

describe("a slow reader", () => {
  test("gets the states in order while they are few", async () => {
    await startUpdates({ repairIntervalMs: null });
    const { id } = store.add();
    const stream = updates.watchJob(id);
    await stream.next();
    for (let n = 1; n < MAILBOX_MAX; n += 1) bus.publish([store.commit(id, { progress: n / 100 })]);
    bus.publish([store.commit(id, { status: "COMPLETED" })]);
    const reading = readStream(stream);
    await reading.completed;
    expect(versionsOf(reading)).toEqual(Array.from({ length: MAILBOX_MAX }, (_, n) => n + 2));
  });

  test("gets the latest state and the final one, never a queue without bound", async () => {
    await startUpdates({ repairIntervalMs: null });
    const { id } = store.add();
    const stream = updates.watchJob(id);
    await stream.next();
    for (let n = 0; n < 1_000; n += 1) bus.publish([store.commit(id, { progress: n / 1_000 })]);
    bus.publish([store.commit(id, { status: "COMPLETED" })]);
    const reading = readStream(stream);
    await reading.completed;
    expect(reading.states.length).toBeLessThanOrEqual(MAILBOX_MAX);
    expect(reading.states.at(-1)).toEqual(store.get(id));
    expect(versionsOf(reading)).toEqual(versionsOf(reading).toSorted((a, b) => a - b));
  });
});

describe("the repair", () => {
  test("brings a final state that was never published within two seconds", async () => {
    await startUpdates();
    const { id } = store.add({ status: "RUNNING" });
    const reading = readStream(updates.watchJob(id));
    await reading.until((job) => job.version === 1);
    const committedAt = performance.now();
    store.commit(id, { status: "COMPLETED" });
    await reading.completed;
    expect(performance.now() - committedAt).toBeLessThan(2_000);
    expect(reading.states.at(-1)).toEqual(store.get(id));
  });

  test("begins at once after a gap of the bus", async () => {
    const gaps: (() => void)[] = [];
    bus.onGap = (listener) => {
      gaps.push(listener);
      return () => {};
    };
    await startUpdates({ repairIntervalMs: null });
    const { id } = store.add();
    const reading = readStream(updates.watchJob(id));
    await reading.until((job) => job.version === 1);
    store.commit(id, { status: "CANCELLED" });
    for (const gap of gaps) gap();
    await reading.completed;
    expect(versionsOf(reading)).toEqual([1, 2]);
  });

  test("goes on after failed reads, and so does a watcher that comes meanwhile", async () => {
    await startUpdates({ repairIntervalMs: 20 });
    const { id } = store.add();
    const early = readStream(updates.watchJob(id));
    await early.until((job) => job.version === 1);
    store.beforeRead = () => Promise.reject(new Error("the database is away"));
    const late = readStream(updates.watchJob(id));
    const readsBefore = store.reads.length;
    await vi.waitFor(() => expect(store.reads.length).toBeGreaterThan(readsBefore + 3));
    store.commit(id, { status: "COMPLETED" });
    store.beforeRead = async () => {};
    await Promise.all([early.completed, late.completed]);
    expect(versionsOf(early)).toEqual([1, 2]);
    expect(versionsOf(late)).toEqual([2]);
  });

  test("completes the streams of a deleted job", async () => {
    await startUpdates({ repairIntervalMs: 20 });
    const { id } = store.add();
    const reading = readStream(updates.watchJob(id));
    await reading.until((job) => job.version === 1);
    store.delete(id);
    await reading.completed;
    expect(versionsOf(reading)).toEqual([1]);
    expect(updates.watchedCount).toBe(0);
  });

  test("does not take a job for deleted after a single answer without it", async () => {
    await startUpdates({ repairIntervalMs: 20 });
    const { id } = store.add();
    const reading = readStream(updates.watchJob(id));
    await reading.until((job) => job.version === 1);
    store.hiddenOnce.add(id);
    await vi.waitFor(() => expect(store.hiddenOnce.size).toBe(0));
    const { length } = store.reads;
    await vi.waitFor(() => expect(store.reads.length).toBeGreaterThan(length + 2));
    bus.publish([store.commit(id, { status: "COMPLETED" })]);
    await reading.completed;
    expect(versionsOf(reading)).toEqual([1, 2]);
  });

  test("does not take a job for older where it changes while it is read", async () => {
    await startUpdates({ repairIntervalMs: 20 });
    const { id } = store.add({ status: "RUNNING", version: 1 });
    const reading = readStream(updates.watchJob(id));
    await reading.until((job) => job.version === 1);
    for (let version = 2; version < 12; version += 1) {
      const looked = gate();
      // Each read has looked when the next version is told.
      store.afterRead = async () => looked.open();
      await looked.opened;
      bus.publish([store.commit(id, { progress: version / 100 })]);
      await reading.until((job) => job.version === version);
    }
    store.afterRead = async () => {};
    bus.publish([store.commit(id, { status: "COMPLETED" })]);
    await reading.completed;
  });

  test("reads each job once, however many watch it, and at most 1,000 in a statement", async () => {
    await startUpdates({ repairIntervalMs: 50, subscriptionsMax: 10_000 });
    const jobs = Array.from({ length: 2_500 }, () => store.add());
    const crowd = jobs[0]?.id ?? "";
    const watched = [...jobs.map((job) => job.id), ...Array<string>(500).fill(crowd)];
    const readings = watched.map((id) => readStream(updates.watchJob(id)));
    await Promise.all(readings.map((reading) => reading.until((job) => job.version === 1)));
    const snapshots = store.reads.splice(0);
    expect(Math.max(...snapshots.map((ids) => ids.length))).toBeLessThanOrEqual(1_000);
    expect(snapshots.flat().filter((id) => id === crowd).length).toBe(1);
    await vi.waitFor(() => expect(store.reads.length).toBeGreaterThanOrEqual(3));
    const round = store.reads.slice(0, 3);
    expect(round.map((ids) => ids.length)).toEqual([1_000, 1_000, 500]);
    expect(new Set(round.flat()).size).toBe(2_500);
  });

  test("asks nothing while nobody watches", async () => {
    await startUpdates({ repairIntervalMs: 5 });
    const stream = updates.watchJob(store.add().id);
    await stream.next();
    await vi.waitFor(() => expect(store.reads.length).toBeGreaterThan(2));
    await stream.return?.();
    const { length } = store.reads;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(store.reads.length).toBe(length);
  });
});

describe("stopping", () => {
  test("breaks streams off instead of completing them", async () => {
    await startUpdates();
    const { id } = store.add();
    const [waiting, between] = [updates.watchJob(id), updates.watchJob(id)];
    await Promise.all([waiting.next(), between.next()]);
    const pending = waiting.next();
    const stopped = updates.stop();
    await expect(pending).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(between.next()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(updates.watchJob(id).next()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await stopped;
    expect(updates.subscriptionCount).toBe(0);
  });

  test("leaves a final state to a reader that has not fetched it yet", async () => {
    await startUpdates();
    const { id } = store.add({ status: "RUNNING" });
    const stream = updates.watchJob(id);
    await stream.next();
    bus.publish([store.commit(id, { status: "COMPLETED" })]);
    await updates.stop();
    expect(await stream.next()).toMatchObject({ value: { status: "COMPLETED" } });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });
});

type Step = "commit" | "deliver" | "lose" | "double" | "late" | "answer" | "tick";

/**
 * One job moves on while its messages come, get lost, come twice or come late, and while the
 * snapshot's answer takes its time. Whatever the order: at the end one repair is enough.
 */
async function checkInterleaving(steps: readonly Step[]): Promise<void> {
  store = new MemoryStore();
  bus = new InProcessBus(log);
  let gap = () => {};
  bus.onGap = (listener) => {
    gap = listener;
    return () => {};
  };
  await startUpdates({ repairIntervalMs: null });
  const { id, version: versionAtStart } = store.add();
  const snapshot = gate();
  store.afterRead = () => snapshot.opened;
  const reading = readStream(updates.watchJob(id));
  const sent: JobEvent[] = [];
  const delivered: JobEvent[] = [];
  const apply: Record<Step, () => void> = {
    commit: () => sent.push(store.commit(id, { status: "RUNNING", progress: Math.random() })),
    deliver: () => deliver(sent.shift()),
    lose: () => void sent.shift(),
    double: () => deliver(delivered.at(-1)),
    late: () => deliver(sent.pop()),
    answer: () => snapshot.open(),
    tick: () => {},
  };
  const deliver = (event: JobEvent | undefined) => {
    if (event === undefined) return;
    delivered.push(event);
    bus.publish([event]);
  };
  for (const step of steps) {
    apply[step]();
    if (step === "tick") await new Promise((resolve) => setImmediate(resolve));
  }
  snapshot.open();
  await reading.until(() => true);
  const final: JobStatus = steps.length % 2 === 0 ? "COMPLETED" : "FAILED";
  store.commit(id, { status: final });
  gap();
  await reading.completed;
  const versions = versionsOf(reading);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
  expect(versions[0]).toBeGreaterThanOrEqual(versionAtStart);
  expect(reading.states.at(-1)).toEqual(store.get(id));
  await updates.stop();
}
