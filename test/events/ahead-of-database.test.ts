/** What watchers do where they were told more than the database has: commits were lost, or the bus lied. */
import pino from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { JobUpdates } from "../../src/events/job-updates.ts";
import { MemoryStore } from "./memory-store.ts";
import { readStream, versionsOf } from "./read-stream.ts";
import { eventOf } from "./sample-job.ts";

const log = pino({ level: "silent" });
const UNAVAILABLE = { code: "UNAVAILABLE" };

let store: MemoryStore;
let bus: InProcessBus;
let updates: JobUpdates;
let repair: () => void;

beforeEach(async () => {
  store = new MemoryStore();
  bus = new InProcessBus(log);
  bus.onGap = (listener) => {
    repair = listener;
    return () => {};
  };
  updates = new JobUpdates({
    ...{ bus, log, readJobs: store.readJobs },
    ...{ repairIntervalMs: null, subscriptionsMax: 100 },
  });
  await updates.start();
});

afterEach(() => updates.stop());

/** Tells of a version that the database does not have. */
function forge(id: string, version: number): void {
  bus.publish([eventOf({ ...store.get(id), status: "SCHEDULED", version }, "RUNNING")]);
}

test("the streams of a job that is ahead of the database fail, and come back with the truth", async () => {
  const { id } = store.add({ status: "RUNNING", version: 2 });
  const reading = readStream(updates.watchJob(id));
  await reading.until(({ version }) => version === 2);
  forge(id, 99);
  await reading.until(({ version }) => version === 99);
  repair();
  await expect(reading.completed).rejects.toMatchObject(UNAVAILABLE);
  const again = readStream(updates.watchJob(id));
  await again.until(({ version }) => version === 2);
  bus.publish([store.commit(id, { status: "COMPLETED" })]);
  await again.completed;
  expect(versionsOf(again)).toEqual([2, 3]);
});

test("one that joins such a job is not told what is false, and has it found out", async () => {
  const { id } = store.add({ status: "RUNNING", version: 2 });
  const first = readStream(updates.watchJob(id));
  await first.until(({ version }) => version === 2);
  forge(id, 99);
  const second = readStream(updates.watchJob(id));
  await second.until(({ version }) => version === 2);
  await expect(first.completed).rejects.toMatchObject(UNAVAILABLE);
  expect(versionsOf(second)).toEqual([2]);
});

test("one that still joins when the others fail begins with the truth, and goes on", async () => {
  const { id } = store.add({ status: "RUNNING", version: 2 });
  const first = readStream(updates.watchJob(id));
  await first.until(({ version }) => version === 2);
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  store.beforeRead = () => {
    store.beforeRead = async () => {};
    return held;
  };
  const second = readStream(updates.watchJob(id));
  await vi.waitFor(() => expect(store.reads).toHaveLength(2));
  forge(id, 99);
  repair();
  await expect(first.completed).rejects.toMatchObject(UNAVAILABLE);
  goOn();
  await second.until(({ version }) => version === 2);
  bus.publish([store.commit(id, { status: "COMPLETED" })]);
  await second.completed;
  expect(versionsOf(second)).toEqual([2, 3]);
});

test("a reading that is older than an event is no reason to fail, and neither is one unlucky answer", async () => {
  const { id } = store.add({ status: "RUNNING", version: 2 });
  const reading = readStream(updates.watchJob(id));
  await reading.until(({ version }) => version === 2);
  // Each commit is told after the database was read, and before it answers.
  store.afterRead = async () => bus.publish([store.commit(id, { progress: 0.5 })]);
  for (const reads of [2, 3, 4]) {
    repair();
    await vi.waitFor(() => expect(store.reads).toHaveLength(reads));
    await reading.until(({ version }) => version === reads + 1);
  }
  store.afterRead = async () => {};
  const { version } = store.get(id);
  // As from a server that is just about to be replaced.
  store.overrideOnce = { ...store.get(id), version: version - 1 };
  repair();
  await vi.waitFor(() => expect(store.reads).toHaveLength(6));
  bus.publish([store.commit(id, { status: "COMPLETED" })]);
  await reading.completed;
});
