/** Measures Vinyasa beside its peers and prints what came of it. Run by `run.js`. */
import { availableParallelism } from "node:os";
import { selectBenchmarks } from "./benchmarks/index.ts";
import { Ground } from "./harness/ground.ts";
import { requireOpenFiles } from "./harness/open-files.ts";
import { toJson, toTable } from "./harness/report.ts";
import { type RowResult, runBenchmark } from "./harness/run-benchmark.ts";
import { type BenchOptions, readOptions } from "./options.js";

// Results go to standard output, everything else to standard error.
const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const benchmarks = selectBenchmarks(options.only);
  for (const benchmark of benchmarks) requireOpenFiles(benchmark);
  const ground = new Ground(options.postgresUrl, options.redisUrl);
  const interrupted = stopOnSignal(ground);
  try {
    await describe(ground, options);
    const results: RowResult[] = [];
    for (const benchmark of benchmarks) {
      say(`\n${benchmark.name}`);
      const rows = await runBenchmark(benchmark, ground, options, (side, round, figures) => {
        const shown = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(2)}`);
        say(`  round ${round}  ${side.name.padEnd(16)} ${shown.join("  ")}`);
      });
      results.push(...rows);
      if (options.json) for (const row of rows) process.stdout.write(`${toJson(row)}\n`);
    }
    if (!options.json) process.stdout.write(`\n${toTable(results)}\n`);
  } catch (error) {
    // What was interrupted fails, and that is no news.
    if (!interrupted()) throw error;
  } finally {
    await ground.close();
  }
}

async function describe(ground: Ground, { rounds, jobs, samples }: BenchOptions): Promise<void> {
  const servers = await ground.describe();
  const size = `${rounds} rounds, ${jobs} jobs, ${samples} single jobs`;
  say(`${size}; Node ${process.version}, ${servers}, ${availableParallelism()} cores`);
}

/** The databases are dropped before the process goes. */
function stopOnSignal(ground: Ground): () => boolean {
  let interrupted = false;
  const onSignal = () => {
    if (interrupted) return;
    interrupted = true;
    void ground.close().finally(() => process.exit(130));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return () => interrupted;
}

main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
