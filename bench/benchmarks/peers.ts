/** The other job queues, each in the process of its side. */
import type { SideSpec } from "./benchmark.ts";

export function graphileWorker(what: "drain" | "bulk" | "latency"): SideSpec {
  return { name: "graphile-worker", module: `graphile-${what}.ts` };
}

export function bullmq(what: "drain" | "latency"): SideSpec {
  return { name: "bullmq", module: `bullmq-${what}.ts` };
}

export function pgBoss(what: "drain"): SideSpec {
  return { name: "pg-boss", module: `pg-boss-${what}.ts` };
}
