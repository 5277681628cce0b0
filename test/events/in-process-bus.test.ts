import pino from "pino";
import { expect, test, vi } from "vitest";
import { createBus } from "../../src/events/connect-bus.ts";
import { eventOf, sampleJob } from "./sample-job.ts";

const silent = pino({ level: "silent" });

function startBus(log = silent) {
  return createBus({ redisUrl: null, prefix: "unused", log });
}

test("without a Redis URL, listeners are called before publish and wake return", () => {
  const bus = startBus();
  const events = [eventOf(sampleJob())];
  const [onEvents, onWake] = [vi.fn(), vi.fn()];
  bus.onEvents(onEvents);
  bus.onWake(onWake);
  bus.publish(events);
  bus.wake({ lanes: [3], dueAtMs: 7 });
  expect(onEvents.mock.calls).toEqual([[events]]);
  expect(onWake.mock.calls).toEqual([[{ lanes: [3], dueAtMs: 7 }]]);
  expect(bus.status()).toEqual({ kind: "in-process", connected: true, name: "in-process" });
});

test("a listener that throws is logged, and stops neither the publisher nor the others", () => {
  const lines: string[] = [];
  const bus = startBus(pino({ level: "error" }, { write: (line) => lines.push(line) }));
  const later = vi.fn();
  bus.onEvents(() => {
    throw new Error("bad listener");
  });
  bus.onEvents(later);
  bus.publish([eventOf(sampleJob())]);
  bus.publish([eventOf(sampleJob())]);
  expect(later).toHaveBeenCalledTimes(2);
  expect(lines.map((line) => JSON.parse(line).reason)).toEqual(["bad listener"]);
});

test("a listener that was removed hears nothing, and removing it twice hurts nobody", () => {
  const bus = startBus();
  const listener = vi.fn();
  const [removeFirst] = [bus.onWake(listener), bus.onWake(listener)];
  removeFirst();
  removeFirst();
  bus.wake({ lanes: [1] });
  expect(listener).toHaveBeenCalledTimes(1);
});

test("a job is watched while somebody is interested in it, or in all jobs", async () => {
  const bus = startBus();
  const [job, other] = [sampleJob().id, sampleJob().id];
  expect(bus.isWatched(job)).toBe(false);
  const releases = await Promise.all([bus.announceInterest(job), bus.announceInterest(job)]);
  expect([bus.isWatched(job), bus.isWatched(other)]).toEqual([true, false]);
  releases[0]();
  releases[0]();
  expect(bus.isWatched(job)).toBe(true);
  releases[1]();
  expect(bus.isWatched(job)).toBe(false);
  const releaseAll = await bus.announceInterest(null);
  expect([bus.isWatched(job), bus.isWatched(other)]).toEqual([true, true]);
  releaseAll();
  expect([bus.isWatched(job), bus.isWatched(other)]).toEqual([false, false]);
});
