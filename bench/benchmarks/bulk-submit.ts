/**
 * Jobs added in batches of 1,000, one batch after the other, in process: through the API (the whole
 * GraphQL execution of `submitJobs`, every id selected), and by the store alone.
 */
import type { Benchmark } from "./benchmark.ts";
import { graphileWorker } from "./peers.ts";

const row = {
  unit: "jobs/s",
  better: "higher",
  figure: "perSecond",
  peer: graphileWorker("bulk"),
} as const;

export const bulkSubmit: Benchmark = {
  name: "bulk-submit",
  rows: [
    {
      ...row,
      name: "bulk-submit-api",
      ours: { name: "vinyasa API", module: "vinyasa-bulk-api.ts" },
      reach: 0.5,
    },
    {
      ...row,
      name: "bulk-submit-store",
      ours: { name: "vinyasa store", module: "vinyasa-bulk-store.ts" },
      reach: 1.2,
    },
  ],
};
