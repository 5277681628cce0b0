/**
 * A job that changes as fast as it can, watched by identical subscriptions, each on a connection of
 * its own: 1,000 over WebSocket, 10,000 over WebSocket, 1,000 over server-sent events. Beside the same
 * server where each subscription is executed by itself, and beside one of the `ws` package, or of
 * Node's HTTP, that sends the same bytes to all of its clients and does nothing else.
 */
import type { Benchmark, RowSpec, SideSpec } from "./benchmark.ts";

const ws = (module: string): SideSpec => ({ name: "ws broadcast", module });

export const fanOut: Benchmark = {
  name: "fan-out",
  rows: rowsOf("fan-out", { alone: 4.5, broadcast: 0.8 }, ws("ws-fan-out.ts")),
  socketsMax: 1_000,
};

export const fanOutMany: Benchmark = {
  name: "fan-out-many",
  rows: rowsOf("fan-out-many", null, ws("ws-fan-out-many.ts")),
  socketsMax: 10_000,
};

export const fanOutSse: Benchmark = {
  name: "fan-out-sse",
  rows: rowsOf("fan-out-sse", null, { name: "http broadcast", module: "node-fan-out-sse.ts" }),
  socketsMax: 1_000,
};

function rowsOf(
  name: string,
  reach: { readonly alone: number; readonly broadcast: number } | null,
  broadcast: SideSpec,
): RowSpec[] {
  const ours: SideSpec = { name: "vinyasa", module: `vinyasa-${name}.ts` };
  const alone: SideSpec = { name: "one execution each", module: `vinyasa-${name}-alone.ts` };
  const row = {
    name,
    unit: "deliveries/s",
    better: "higher",
    figure: "perSecond",
    ours,
  } as const;
  return [
    { ...row, peer: alone, reach: reach?.alone ?? null },
    { ...row, peer: broadcast, reach: reach?.broadcast ?? null },
  ];
}
