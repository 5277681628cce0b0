/** One job at a time, submitted to an idle instance in the same process, until its code runs. */
import type { Benchmark, SideSpec } from "./benchmark.ts";
import { bullmq, graphileWorker } from "./peers.ts";

const ours: SideSpec = { name: "vinyasa", module: "vinyasa-latency.ts" };
const p50 = { name: "submit-to-start-p50", unit: "ms", better: "lower", figure: "p50" } as const;
const p99 = { name: "submit-to-start-p99", unit: "ms", better: "lower", figure: "p99" } as const;

export const submitToStart: Benchmark = {
  name: "submit-to-start",
  rows: [
    { ...p50, ours, peer: graphileWorker("latency"), reach: 0.5 },
    { ...p50, ours, peer: bullmq("latency"), reach: 1.5 },
    { ...p99, ours, peer: graphileWorker("latency"), reach: null },
    { ...p99, ours, peer: bullmq("latency"), reach: null },
  ],
};
