import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster } from "./cluster.ts";
import { Stats } from "./documents.ts";
import { finishRun } from "./finish-run.ts";
import { type PlannedJob, webhooks } from "./planned-jobs.ts";
import type { LogLine } from "./server-process.ts";
import { queryOnce } from "./settle.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults, type Stage } from "./stage.ts";
import { Submitter } from "./submitter.ts";

const JOBS = size("FAULT_CLOCK_JOBS", { full: 2_000, short: 300 });
const MINUTES = 60_000;
const HOUR = 60 * MINUTES;
const SHIM = new URL("./shifted-clock.mjs", import.meta.url).href;
const options = { nodeArgs: ["--import", SHIM] };

describeFaults("servers whose clocks", (stage) => {
  it.each(SEEDS)("differ by minutes start no job early and bury nobody (seed %i)", async (seed) => {
    const { env } = stage();
    const offsets = [-5 * MINUTES, 0, 5 * MINUTES];
    const members = offsets.map((offset) => ({
      env: { ...env, CLOCK_OFFSET_MS: String(offset) },
      options,
    }));
    const cluster = await Cluster.start(members);
    for (const [index, offset] of offsets.entries()) {
      expect(await clockOf(cluster, index)).toBeCloseTo(offset / MINUTES, 0);
    }
    await underClocks("clocks 5 minutes apart", seed, cluster, stage());
  });

  it.each(SEEDS)("jump by an hour and back go on beating (seed %i)", async (seed) => {
    const { env } = stage();
    const member = { env: { ...env, CLOCK_JUMPS_MS: `${-HOUR},${HOUR},0` }, options };
    const cluster = await Cluster.start([member, { env }]);
    const clocks: number[] = [];
    const jumping = (async () => {
      for (let jump = 0; jump < 3; jump += 1) {
        await sleep(1_200);
        cluster.server(0).signal("SIGUSR2");
        clocks.push(await clockOf(cluster, 0));
      }
    })();
    await underClocks("a clock that jumps by an hour", seed, cluster, stage());
    await jumping;
    expect(clocks.map((minutes) => Math.round(minutes) || 0)).toEqual([-60, 60, 0]);
  });
});

/** By how many minutes the clock of a server is wrong, as its log tells. */
async function clockOf(cluster: Cluster, index: number): Promise<number> {
  const { client, log } = cluster.server(index);
  await client.request(Stats, {});
  const isStats = (line: LogLine) => line.operation === "Stats";
  const before = log.filter(isStats).length;
  while (log.filter(isStats).length <= before) {
    await client.request(Stats, {});
    await sleep(10);
  }
  const last = log.findLast(isStats);
  return (Date.parse(String(last?.time)) - Date.now()) / MINUTES;
}

/** Lateness is to tell of clocks, not of how many webhooks two cores call in a second. */
const DUE_WITHIN_MS = Math.max(4_000, 8 * JOBS);

/** Jobs with due times within the next seconds, by this process's clock, which is the database's. */
async function underClocks(
  name: string,
  seed: number,
  cluster: Cluster,
  { ledger, databaseUrl }: Stage,
): Promise<void> {
  const random = new Random(seed);
  const submitter = new Submitter(() => cluster.clients, random);
  const dueAt = new Map<string, number>();
  const jobs = webhooks(ledger, { count: JOBS, prefix: "due" }).map((job): PlannedJob => {
    const due = Date.now() + 1_000 + random.below(DUE_WITHIN_MS);
    dueAt.set(job.key, due);
    return { ...job, input: { ...job.input, scheduledAt: new Date(due).toISOString() } };
  });
  await submitter.submit(jobs, { batch: 10 });
  await ledger.until(() => ledger.calls >= JOBS);
  const late = ledger.executions().map(({ key, start }) => start - (dueAt.get(key) ?? 0));
  const [row] = await queryOnce(
    databaseUrl,
    "select count(*) as ended from vinyasa.instances where ended_at is not null",
  );
  const earliestMs = Math.max(0, -Math.min(...late));
  const { figures } = await finishRun(name, {
    ...{ databaseUrl, submitter, ledger, cluster },
    figures: { seed, earliestMs, latestMs: Math.max(...late), buried: Number(row?.ended) },
  });
  expect(earliestMs).toBeLessThanOrEqual(1_000);
  expect(Math.max(...late)).toBeLessThanOrEqual(5_000);
  expect(Number(row?.ended)).toBe(0);
  expect(figures.lostAttempts).toBe(0);
  expect(figures.repeats).toBe(0);
}
