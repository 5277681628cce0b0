/** The end of a case: wait until nothing is left to do, check everything, print the figures. */
import { expect } from "vitest";
import { checkRun, type RunEvidence, type RunReport } from "./check-run.ts";
import type { Cluster } from "./cluster.ts";
import { type Figures, reportFigures } from "./figures.ts";
import { untilSettled } from "./settle.ts";
import { size } from "./size.ts";

const SETTLE_MS = size("FAULT_SETTLE_MS", { full: 600_000, short: 120_000 });

export interface FinishOptions extends RunEvidence {
  readonly cluster: Cluster;
  readonly figures?: Figures;
  /** Time that the jobs get to end. */
  readonly settleMs?: number;
}

/** Stops the servers; fails the test if anything is wrong. */
export async function finishRun(name: string, options: FinishOptions): Promise<RunReport> {
  const { databaseUrl, cluster, watchers, figures = {}, settleMs = SETTLE_MS } = options;
  const began = performance.now();
  await untilSettled(databaseUrl, settleMs);
  const settledMs = performance.now() - began;
  await watchers?.done();
  const report = await checkRun(options);
  const { selfExits } = cluster;
  const rssMb = cluster.memoryMb();
  reportFigures(name, { ...figures, ...report.figures, settledMs, rssMb, selfExits });
  await watchers?.close();
  const codes = await cluster.stopAll();
  expect(report.violations.slice(0, 20)).toEqual([]);
  expect(selfExits).toBe(0);
  expect(codes.filter((code) => code !== 0)).toEqual([]);
  return report;
}
