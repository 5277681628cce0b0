import { describe, expect, it } from "vitest";
import { ATTEMPT_OUTCOMES } from "../../src/domain/outcome.ts";
import { readSeeds } from "../support/seeds.ts";
import type { BrokenRules } from "./server-state.ts";
import { type SimulationResult, simulate } from "./simulate.ts";

const { seed: onlySeed, times } = readSeeds();
const SEEDS = onlySeed === null ? Math.ceil(2_000 * times) : 1;
const FIRST = onlySeed ?? 1;
/** About 15 ms a seed, several times that on a busy machine. */
const TIME_MAX_MS = 60_000 + SEEDS * 100;
const REPORTED_MAX = 5;
const FAULTS = ["crash", "freeze", "drain", "outage", "cut", "weather"];
/** Seeds in which a broken rule has to show. */
const BROKEN_SEEDS = 150;

describe("a simulated fleet", () => {
  it(`keeps every promise, whatever goes wrong: ${SEEDS} seeds from ${FIRST}`, {
    timeout: TIME_MAX_MS,
  }, async () => {
    const failed: SimulationResult[] = [];
    const counts: Record<string, number> = {};
    for (let seed = FIRST; seed < FIRST + SEEDS && failed.length < REPORTED_MAX; seed += 1) {
      const result = await simulate(seed);
      if (result.violations.length > 0) failed.push(result);
      for (const [name, count] of Object.entries(result.counts)) {
        counts[name] = (counts[name] ?? 0) + count;
      }
    }
    if (failed.length > 0) throw new Error(failed.map(reportOf).join("\n\n"));
    if (SEEDS < 500) return;
    // A simulation in which nothing goes wrong proves nothing.
    const outcomes = ATTEMPT_OUTCOMES.filter((outcome) => outcome !== "COMPLETED");
    for (const name of [...outcomes, ...FAULTS, "lines"]) {
      expect(counts[name], name).toBeGreaterThan(SEEDS / 20);
    }
  });

  it("does the same again for the same seed", async () => {
    for (const seed of [3, 17, 786]) {
      const [one, other] = [await simulate(seed), await simulate(seed)];
      expect(other.hash).toBe(one.hash);
      expect(other.events).toBe(one.events);
      expect((await simulate(seed + 1)).hash).not.toBe(one.hash);
    }
  });
});

describe("the simulation notices", () => {
  it.each<[string, BrokenRules, RegExp]>([
    ["a store without fencing", { withoutFencing: true }, /by a write that did not hold it/],
    ["claims that take the same job", { withoutLocks: true }, /was claimed while attempt/],
    ["a rescue that loses jobs", { losesRescued: true }, /has not ended/],
    ["instances that are given up while they live", { hastyDeaths: true }, /not told to stop/],
    ["attempts that are never used up", { endlessAttempts: true }, /attempts left, not/],
    ["reads that hide what happened", { blindReads: true }, /the end of .* was not seen/],
  ])("%s", { timeout: 120_000 }, async (_name, broken, violation) => {
    expect(await firstSeedThat(broken, violation)).not.toBeNull();
  });
});

async function firstSeedThat(broken: BrokenRules, violation: RegExp): Promise<number | null> {
  for (let seed = 1; seed <= BROKEN_SEEDS; seed += 1) {
    const { violations } = await simulate(seed, broken);
    if (violations.some((text) => violation.test(text))) return seed;
  }
  return null;
}

function reportOf({ seed, violations, lastLines }: SimulationResult): string {
  const lines = onlySeed === null ? [] : ["What happened last:", ...lastLines];
  return [
    `seed ${seed}:`,
    ...violations.slice(0, 10).map((text) => `  ${text}`),
    `Play it again: VINYASA_TEST_SEED=${seed} npx vitest run test/simulation/simulation.test.ts`,
    ...lines,
  ].join("\n");
}
