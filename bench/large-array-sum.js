/**
 * How much faster `large_array_sum` gets with threads, and what the event loop notices of it.
 *
 *   npm run build && node bench/large-array-sum.js [threads = 2] [millions = 200] [rounds = 5]
 *
 * Numbers that the threads make themselves, and two million that travel as JSON. Each round takes one
 * thread and then several, in a pool that is warm; the median counts. The machine must have as many
 * cores free.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { pino } from "pino";
import { largeArraySum } from "../dist/src/executors/large-array-sum.js";
import { ThreadPool } from "../dist/src/executors/threads/thread-pool.js";

const [threads = 2, millions = 200, rounds = 5] = process.argv.slice(2).map(Number);
const SENT = 2_000_000;

const pool = new ThreadPool({ threads, log: pino({ level: "warn" }) });
const signal = new AbortController().signal;

/** @param {string} payload @param {number} granted */
async function time(payload, granted) {
  const context = { jobId: "bench", attempt: 1, threads: granted, signal, progress() {} };
  const start = performance.now();
  const { outcome } = await pool.runJob(largeArraySum, payload, context);
  const ms = performance.now() - start;
  if (outcome.kind !== "COMPLETED") throw new Error(JSON.stringify(outcome));
  return { ms, sum: JSON.parse(outcome.result).sum };
}

/** @param {number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const sent = Array.from({ length: SENT }, (_, index) => (index * 7_919) % 1_000_003);
const cases = [
  [`${millions} million generated`, { generate: { count: millions * 1_000_000, seed: 1 } }],
  [`${SENT / 1_000_000} million sent`, { numbers: sent }],
];
console.log(`node ${process.version}, ${rounds} rounds\n`);
console.log(
  `| numbers | 1 thread | ${threads} threads | faster | longest wait of the event loop |`,
);
console.log("|---|---|---|---|---|");
for (const [name, payload] of cases) {
  const text = JSON.stringify(payload);
  const alone = [];
  const together = [];
  await time(text, threads);
  const lag = monitorEventLoopDelay({ resolution: 1 });
  lag.enable();
  for (let round = 0; round < rounds; round += 1) {
    const one = await time(text, 1);
    const several = await time(text, threads);
    if (one.sum !== several.sum) throw new Error(`${one.sum} is not ${several.sum}`);
    alone.push(one.ms);
    together.push(several.ms);
  }
  lag.disable();
  const [one, several] = [median(alone), median(together)];
  const figures = [`${one.toFixed(0)} ms`, `${several.toFixed(0)} ms`, (one / several).toFixed(2)];
  console.log(`| ${name} | ${figures.join(" | ")} | ${(lag.max / 1e6).toFixed(0)} ms |`);
}
await pool.close();
