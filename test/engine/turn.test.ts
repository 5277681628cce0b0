import { expect, it, vi } from "vitest";
import { Turn } from "../../src/engine/turn.ts";
import type { Turns } from "../../src/events/turns.ts";

function lying(answer: boolean) {
  const take = vi.fn(async () => answer);
  const giveUp = vi.fn();
  return { take, giveUp } satisfies Turns;
}

const done = async () => "done";

it("a round is run where the turn is ours", async () => {
  const turns = lying(true);
  const turn = new Turn({ turns, name: "sweep", everyMs: 1_000 });
  for (let round = 0; round < 3; round += 1) expect(await turn.go(done)).toBe("done");
  // Longer than the time to the next round, with its jitter.
  expect(turns.take).toHaveBeenLastCalledWith("sweep", 1_500);
});

it("a round is left to others, but only so often", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const turn = new Turn({ turns: lying(false), name: "sweep", everyMs: 1_000 });
  const rounds: (string | null)[] = [];
  for (let round = 0; round < 8; round += 1) {
    rounds.push(await turn.go(done));
    vi.advanceTimersByTime(1_000);
  }
  expect(rounds).toEqual(["done", null, null, "done", null, null, "done", null]);
  vi.useRealTimers();
});

it("a round that fails gives the turn to another instance", async () => {
  const turns = lying(true);
  const turn = new Turn({ turns, name: "sweep", everyMs: 1_000 });
  const outcome = turn.go(() => Promise.reject(new Error("no database")));
  await expect(outcome).rejects.toThrow("no database");
  expect(turns.giveUp).toHaveBeenCalledWith("sweep");
});
