import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PacedLoop } from "../../src/engine/paced-loop.ts";

const log = pino({ level: "silent" });

afterEach(() => {
  vi.useRealTimers();
});

function countedLoop(act: (round: number) => Promise<number | null>, floorMs = 1_000) {
  let rounds = 0;
  const loop = new PacedLoop({ name: "test", log, floorMs, act: () => act(++rounds) });
  return { loop, rounds: () => rounds };
}

describe("a paced loop", () => {
  it("runs at once, and again within its floor", async () => {
    vi.useFakeTimers();
    const { loop, rounds } = countedLoop(async () => null);
    await loop.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(rounds()).toBe(1);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(rounds()).toBe(2);
    await loop.stop();
  });

  it("answers any number of wake-ups during a round with one more round", async () => {
    vi.useFakeTimers();
    let finish = () => {};
    const { loop, rounds } = countedLoop(async (round) => {
      if (round === 1) {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
      }
      return null;
    });
    await loop.start();
    for (let wake = 0; wake < 10; wake += 1) loop.wake();
    finish();
    await vi.advanceTimersByTimeAsync(0);
    expect(rounds()).toBe(2);
    await loop.stop();
  });

  it("comes early when a round asks for it, or a time is announced", async () => {
    vi.useFakeTimers();
    const { loop, rounds } = countedLoop(async (round) => (round === 1 ? 50 : null));
    await loop.start();
    await vi.advanceTimersByTimeAsync(51);
    expect(rounds()).toBe(2);
    loop.wakeIn(100);
    loop.wakeIn(500);
    await vi.advanceTimersByTimeAsync(101);
    expect(rounds()).toBe(3);
    await loop.stop();
  });

  it("goes on after a round that failed, in growing pauses", async () => {
    vi.useFakeTimers();
    const { loop, rounds } = countedLoop(async (round) => {
      if (round <= 2) throw new Error("no database");
      return null;
    });
    await loop.start();
    await vi.advanceTimersByTimeAsync(101);
    expect(rounds()).toBe(2);
    await vi.advanceTimersByTimeAsync(201);
    expect(rounds()).toBe(3);
    await loop.stop();
  });

  it("ends the round under way before it is stopped, and never runs again", async () => {
    vi.useFakeTimers();
    let ended = false;
    const { loop, rounds } = countedLoop(async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      ended = true;
      return null;
    });
    await loop.start();
    const stopped = loop.stop();
    await vi.advanceTimersByTimeAsync(10);
    await stopped;
    expect(ended).toBe(true);
    loop.wake();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(rounds()).toBe(1);
  });
});
