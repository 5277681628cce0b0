/** The results, for people and for programs. */
import type { RowResult } from "./run-benchmark.ts";
import type { Spread } from "./statistics.ts";

/** One JSON object, without a line break. */
export function toJson({ row, ours, peer, peerName, ratio }: RowResult): string {
  return JSON.stringify({
    name: row.name,
    unit: row.unit,
    better: row.better,
    ours: round(ours.median),
    peer: round(peer.median),
    peerName,
    ratio: Math.round(ratio * 1_000) / 1_000,
  });
}

const HEAD = ["benchmark", "unit", "ours", "peer", "", "ours / peer", "wanted", ""];

/** Medians, with the smallest and largest of the rounds behind them. */
export function toTable(results: readonly RowResult[]): string {
  const lines = [HEAD, ...results.map(toCells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((cells) => widthOf(cells, column))));
  return lines
    .map((cells) => cells.map((cell, column) => pad(cell, widths[column] ?? 0)).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
}

function toCells({ row, ours, peer, peerName, ratio }: RowResult): string[] {
  const isReached = row.better === "higher" ? ratio >= (row.reach ?? 0) : ratio <= (row.reach ?? 0);
  const sign = row.better === "higher" ? "≥" : "≤";
  return [
    row.name,
    row.unit,
    show(ours),
    peerName,
    show(peer),
    `${ratio.toFixed(2)} ×`,
    row.reach === null ? "" : `${sign} ${row.reach}`,
    row.reach === null ? "" : isReached ? "reached" : "missed",
  ];
}

function show({ median, min, max }: Spread): string {
  if (min === max) return format(median);
  return `${format(median)} (${format(min)} to ${format(max)})`;
}

function format(number: number): string {
  return round(number).toLocaleString("en-US");
}

/** To what a reader can use: whole numbers from 100 on, hundredths below. */
function round(number: number): number {
  return Math.abs(number) >= 100 ? Math.round(number) : Math.round(number * 100) / 100;
}

function widthOf(cells: readonly string[], column: number): number {
  return cells[column]?.length ?? 0;
}

function pad(cell: string, width: number): string {
  return cell.padEnd(width);
}
