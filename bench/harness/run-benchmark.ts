/** Runs one benchmark: every side once a round, one at a time, each in a fresh process. */
import type { Benchmark, RowSpec, SideSpec } from "../benchmarks/benchmark.ts";
import type { BenchOptions } from "../options.js";
import type { Ground } from "./ground.ts";
import { Remote } from "./remote.ts";
import type { Measurement } from "./side.ts";
import { type Spread, spreadOf } from "./statistics.ts";

export interface RowResult {
  readonly row: RowSpec;
  readonly ours: Spread;
  readonly peer: Spread;
  readonly peerName: string;
  /** Of the medians. */
  readonly ratio: number;
}

/** Told of every measurement as it ends. */
export type OnMeasured = (side: SideSpec, round: number, figures: Measurement) => void;

/**
 * @throws Error if a side fails: half a comparison is none
 */
export async function runBenchmark(
  benchmark: Benchmark,
  ground: Ground,
  options: BenchOptions,
  onMeasured: OnMeasured,
): Promise<RowResult[]> {
  const sides = sidesOf(benchmark);
  const figures = new Map<string, Measurement[]>(sides.map(({ module }) => [module, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const side of rotate(sides, round)) {
      const measured = await runSide(side, ground, options);
      figures.get(side.module)?.push(measured);
      onMeasured(side, round + 1, measured);
    }
  }
  return benchmark.rows.map((row) => compare(row, figures));
}

/** Each side once, ours first. */
function sidesOf({ rows }: Benchmark): SideSpec[] {
  const sides = [...rows.map(({ ours }) => ours), ...rows.map(({ peer }) => peer)];
  const byModule = new Map<string, SideSpec>();
  for (const side of sides) if (typeof side === "object") byModule.set(side.module, side);
  return [...byModule.values()];
}

/** Nobody is always first, or always behind the same other. */
function rotate<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

async function runSide(
  { module }: SideSpec,
  ground: Ground,
  { jobs, samples }: BenchOptions,
): Promise<Measurement> {
  const plot = await ground.stake(module.replace(/\.ts$/, ""));
  const remote = new Remote(module, { ...plot, jobs, samples });
  try {
    return await remote.call<Measurement>("measure");
  } finally {
    await remote.stop();
    await ground.clear(plot);
  }
}

function compare(row: RowSpec, figures: ReadonlyMap<string, Measurement[]>): RowResult {
  const of = ({ module, name }: SideSpec): Spread =>
    spreadOf((figures.get(module) ?? []).map((measured) => read(measured, row.figure, name)));
  const { peer } = row;
  const ours = of(row.ours);
  const theirs = typeof peer === "number" ? { median: peer, min: peer, max: peer } : of(peer);
  const peerName = typeof peer === "number" ? "target" : peer.name;
  return { row, ours, peer: theirs, peerName, ratio: ours.median / theirs.median };
}

function read(measured: Measurement, figure: string, side: string): number {
  const value = measured[figure];
  if (value === undefined) throw new Error(`${side} measured no ${figure}`);
  return value;
}
