/**
 * A backlog of jobs that do nothing, worked off by one instance. Ours keeps every job, its result,
 * its events and its counters, and tells Redis of every change; the peers keep what their fastest
 * settings keep.
 */
import type { Benchmark, SideSpec } from "./benchmark.ts";
import { bullmq, graphileWorker, pgBoss } from "./peers.ts";

const ours: SideSpec = { name: "vinyasa", module: "vinyasa-drain.ts" };
const row = { unit: "jobs/s", better: "higher", figure: "perSecond", ours } as const;

export const drain: Benchmark = {
  name: "drain",
  rows: [
    { ...row, name: "drain", peer: graphileWorker("drain"), reach: 1.4 },
    { ...row, name: "drain", peer: bullmq("drain"), reach: 2 },
    { ...row, name: "drain", peer: pgBoss("drain"), reach: 10 },
  ],
};
