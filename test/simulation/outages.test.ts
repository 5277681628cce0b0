/** Single faults, chosen instead of drawn: what exactly has to come of them. */
import { describe, expect, it } from "vitest";
import { makePlan, type Plan, type PlannedFault, type PlannedJob } from "./plan.ts";
import { simulatePlan } from "./simulate.ts";

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);
const FAULT_AT_MS = 2_000;
const LEASE_MS = 6_000;

const JOB: PlannedJob = {
  ...{ atMs: 0, type: "plain", queue: "default", threads: 1, priority: 0 },
  ...{ scheduledInMs: null, expiresInMs: null, maxAttempts: 5, timeoutMs: 30_000, runs: [] },
  ...{ cancelInMs: null, retryInMs: null, watchInMs: null },
};

/** As drawn from the seed, but for these faults, and jobs that run for so long from shortly before. */
function planOf(seed: number, runMs: readonly number[], ...faults: PlannedFault[]): Plan {
  const run = { end: "ok", heeds: true, reports: false } as const;
  const jobs = runMs.map((ms) => ({ ...JOB, atMs: FAULT_AT_MS - 800, runs: [{ ...run, ms }] }));
  const instances = Array.from({ length: 3 }, () => ({ threads: [4], skewMs: 0 }));
  const drawn = makePlan(seed);
  return {
    ...{ ...drawn, instances, jobs, faults, leaseMs: LEASE_MS },
    calmAtMs: FAULT_AT_MS + 1,
  };
}

describe("in a simulated fleet", () => {
  it("what ends while PostgreSQL is away for longer than the lease is lost nowhere", async () => {
    for (const seed of SEEDS) {
      const ms = LEASE_MS + 500 + seed * 100;
      const outage = { is: "outage", atMs: FAULT_AT_MS, ms } as const;
      // All of it has ended when the instances give their jobs up.
      const runs = Array.from({ length: 12 }, (_, index) => 1_000 + index * 300);
      const { violations, counts } = await simulatePlan(planOf(seed, runs, outage));
      expect(violations, `seed ${seed}`).toEqual([]);
      expect(counts, `seed ${seed}`).toMatchObject({ "RUNNING -> COMPLETED": 12 });
      expect(counts.LOST, `seed ${seed}`).toBeUndefined();
    }
  });

  it("what runs while PostgreSQL is away for less than the lease goes on", async () => {
    for (const seed of SEEDS) {
      const outage = { is: "outage", atMs: FAULT_AT_MS, ms: 2_500 + seed * 20 } as const;
      const { violations, counts } = await simulatePlan(
        planOf(seed, [1_500, 5_000, 9_000], outage),
      );
      expect(violations, `seed ${seed}`).toEqual([]);
      expect(counts.LOST, `seed ${seed}`).toBeUndefined();
    }
  });

  it.each(["heartbeat", "all"] as const)(
    "an instance whose connections (%s) break lets its jobs go before others run them",
    async (of) => {
      let lost = 0;
      for (const seed of SEEDS) {
        const ms = 3_200 + seed * 60;
        const cut = { is: "cut", of, fault: "before", instance: 0, atMs: FAULT_AT_MS, ms } as const;
        const runs = Array.from({ length: 6 }, () => 9_000);
        const { violations, counts } = await simulatePlan(planOf(seed, runs, cut));
        expect(violations, `seed ${seed}`).toEqual([]);
        lost += counts.LOST ?? 0;
      }
      expect(lost).toBeGreaterThan(0);
    },
  );

  it("a stop ends soon after the grace time, though the database is silent", async () => {
    for (const seed of SEEDS) {
      const one = { instance: 0, atMs: FAULT_AT_MS } as const;
      const cut = { ...one, is: "cut", of: "all", fault: "silence", ms: 60_000 } as const;
      const drain = { ...one, is: "drain", atMs: FAULT_AT_MS + seed * 50, ms: 0 } as const;
      const runs = [1_000, 1_500, 2_500, 5_000, 5_000, 5_000];
      const { violations } = await simulatePlan(planOf(seed, runs, cut, drain));
      expect(violations, `seed ${seed}`).toEqual([]);
    }
  });
});
