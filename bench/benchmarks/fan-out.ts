/**
 * A job that changes as fast as it can, watched by 1,000 identical subscriptions over WebSocket, each
 * on a socket of its own: beside the same server where each subscription is executed by itself, and
 * beside a server of the `ws` package that sends the same bytes to all of its sockets and does nothing
 * else.
 */
import type { Benchmark, SideSpec } from "./benchmark.ts";

const ours: SideSpec = { name: "vinyasa", module: "vinyasa-fan-out.ts" };
const alone: SideSpec = { name: "one execution each", module: "vinyasa-fan-out-alone.ts" };
const broadcast: SideSpec = { name: "ws broadcast", module: "ws-fan-out.ts" };
const row = {
  name: "fan-out",
  unit: "deliveries/s",
  better: "higher",
  figure: "perSecond",
  ours,
} as const;

export const fanOut: Benchmark = {
  name: "fan-out",
  rows: [
    { ...row, peer: alone, reach: 4.5 },
    { ...row, peer: broadcast, reach: 0.8 },
  ],
};
