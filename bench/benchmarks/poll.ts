/**
 * `job(id)` over HTTP from 100 clients, each asking again and again for jobs that run and change:
 * beside the same server with a statement for each request, and beside one with copies of the jobs in
 * Redis. The far one has PostgreSQL at ten milliseconds and Redis at hand, which suits copies best.
 */
import type { Benchmark, RowSpec, SideSpec } from "./benchmark.ts";

export const poll: Benchmark = { name: "poll", rows: rowsOf("poll") };
export const pollFar: Benchmark = { name: "poll-far", rows: rowsOf("poll-far") };

function rowsOf(name: string): RowSpec[] {
  const ours: SideSpec = { name: "vinyasa", module: `vinyasa-${name}.ts` };
  const alone: SideSpec = { name: "one statement each", module: `vinyasa-${name}-alone.ts` };
  const copies: SideSpec = { name: "copies in Redis", module: `vinyasa-${name}-copies.ts` };
  return [alone, copies].flatMap((peer): RowSpec[] => {
    const sides = { ours, peer, reach: null };
    const lower = { ...sides, better: "lower" } as const;
    return [
      { ...sides, name, unit: "requests/s", better: "higher", figure: "perSecond" },
      { ...lower, name: `${name}-statements`, unit: "per 1,000", figure: "statements" },
      { ...lower, name: `${name}-server`, unit: "CPU ms per 1,000", figure: "serverMs" },
      { ...lower, name: `${name}-postgres`, unit: "CPU ms per 1,000", figure: "postgresMs" },
    ];
  });
}
