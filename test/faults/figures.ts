/** The figures of a case: one line on the console, and one of JSON where a report is kept. */
import { appendFileSync } from "node:fs";
import { REPORT_PATH } from "./size.ts";

export type Figures = Readonly<Record<string, number | string>>;

export function reportFigures(name: string, figures: Figures): void {
  const words = Object.entries(figures).map(([key, value]) => `${key}=${rounded(value)}`);
  process.stdout.write(`    ${name}: ${words.join(" ")}\n`);
  if (REPORT_PATH !== null) {
    appendFileSync(REPORT_PATH, `${JSON.stringify({ case: name, ...figures })}\n`);
  }
}

function rounded(value: number | string): number | string {
  return typeof value === "number" ? Math.round(value * 100) / 100 : value;
}

/** The value below which `share` of the list lies; 0 of an empty one. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
