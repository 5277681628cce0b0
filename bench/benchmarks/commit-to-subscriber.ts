/**
 * From a change on one instance to a subscriber of that job on another, through Redis, at 1,000
 * changes a second. No peer does this: the figure stands against what the project wants to reach.
 */
import type { Benchmark, SideSpec } from "./benchmark.ts";

const ours: SideSpec = { name: "vinyasa", module: "vinyasa-live.ts" };
const row = { unit: "ms", better: "lower", ours, reach: 1 } as const;

export const commitToSubscriber: Benchmark = {
  name: "commit-to-subscriber",
  rows: [
    { ...row, name: "commit-to-subscriber-p50", figure: "p50", peer: 5 },
    { ...row, name: "commit-to-subscriber-p99", figure: "p99", peer: 25 },
  ],
};
