import { describe, expect, it } from "vitest";
import { toJson, toTable } from "../../bench/harness/report.ts";
import type { RowResult } from "../../bench/harness/run-benchmark.ts";
import { latencies, spreadOf } from "../../bench/harness/statistics.ts";

const result: RowResult = {
  row: {
    name: "drain",
    unit: "jobs/s",
    better: "higher",
    figure: "perSecond",
    ours: { name: "vinyasa", module: "a.ts" },
    peer: { name: "other", module: "b.ts" },
    reach: 1.4,
  },
  ours: { median: 45_000.4, min: 44_000, max: 46_000 },
  peer: { median: 30_000, min: 30_000, max: 30_000 },
  peerName: "other",
  ratio: 1.500013,
};

describe("the benchmarks' report", () => {
  it("is one JSON object a row, for programs", () => {
    const text = toJson(result);
    expect(text).not.toContain("\n");
    expect(JSON.parse(text)).toEqual({
      name: "drain",
      unit: "jobs/s",
      better: "higher",
      ours: 45_000,
      peer: 30_000,
      peerName: "other",
      ratio: 1.5,
    });
  });

  it("is a line a row, with the spread and what is wanted, for people", () => {
    const line = toTable([result]).split("\n")[1];
    expect(line).toContain("45,000 (44,000 to 46,000)");
    expect(line).toMatch(/1\.50 ×\s+≥ 1\.4\s+reached$/);
  });

  it("calls a ratio above the limit missed where lower is better", () => {
    const row = { ...result.row, better: "lower", reach: 0.5 } as const;
    expect(toTable([{ ...result, row, ratio: 0.51 }])).toMatch(/0\.51 ×\s+≤ 0\.5\s+missed$/);
    expect(toTable([{ ...result, row, ratio: 0.5 }])).toMatch(/≤ 0\.5\s+reached$/);
  });
});

describe("the benchmarks' statistics", () => {
  it("takes the median of rounds, between the middle two of an even number", () => {
    expect(spreadOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 });
    expect(spreadOf([4, 1, 2, 3]).median).toBe(2.5);
  });

  it("takes percentiles of single times by rank, the slow ones included", () => {
    const timesMs = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(latencies(timesMs)).toEqual({ p50: 100, p99: 198 });
    expect(latencies([7])).toEqual({ p50: 7, p99: 7 });
  });

  it("refuses to make a figure of nothing", () => {
    expect(() => spreadOf([])).toThrow(RangeError);
    expect(() => latencies([])).toThrow(RangeError);
  });
});
