/**
 * The drain again, beside five million finished jobs and a million waiting ones: compared with itself
 * on empty tables.
 */
import type { Benchmark } from "./benchmark.ts";

export const growth: Benchmark = {
  name: "growth",
  rows: [
    {
      name: "drain-grown",
      unit: "jobs/s",
      better: "higher",
      figure: "perSecond",
      ours: { name: "vinyasa grown", module: "vinyasa-drain-grown.ts" },
      peer: { name: "vinyasa empty", module: "vinyasa-drain.ts" },
      reach: 0.8,
    },
  ],
};
