/** All benchmarks, in the order in which they run. */
import type { Benchmark } from "./benchmark.ts";
import { bulkSubmit } from "./bulk-submit.ts";
import { commitToSubscriber } from "./commit-to-subscriber.ts";
import { drain } from "./drain.ts";
import { fanOut, fanOutMany, fanOutSse } from "./fan-out.ts";
import { growth } from "./growth.ts";
import { httpSubmit } from "./http-submit.ts";
import { poll, pollFar } from "./poll.ts";
import { submitToStart } from "./submit-to-start.ts";

const USUAL: readonly Benchmark[] = [
  ...[drain, bulkSubmit, httpSubmit, submitToStart, commitToSubscriber],
  ...[fanOut, fanOutSse, poll],
];
/** Some fill 4 GB of disk first, or open 10,000 sockets, and run only when they are asked for. */
export const ALL: readonly Benchmark[] = [...USUAL, growth, pollFar, fanOutMany];

/** The benchmarks and rows of these names, of which the command line knows; the usual ones without. */
export function selectBenchmarks(names: readonly string[]): readonly Benchmark[] {
  if (names.length === 0) return USUAL;
  return ALL.map((benchmark) => narrow(benchmark, names)).filter(({ rows }) => rows.length > 0);
}

function narrow(benchmark: Benchmark, names: readonly string[]): Benchmark {
  if (names.includes(benchmark.name)) return benchmark;
  return { ...benchmark, rows: benchmark.rows.filter((row) => names.includes(row.name)) };
}
