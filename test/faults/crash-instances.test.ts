import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster, LEASE_MS, sameMembers } from "./cluster.ts";
import { finishRun } from "./finish-run.ts";
import { mixedJobs } from "./planned-jobs.ts";
import { queryOnce, untilInDatabase, untilSettled } from "./settle.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";
import { Watchers } from "./watchers.ts";

const JOBS = size("FAULT_JOBS", { full: 10_000, short: 1_500 });
const WATCHED = size("FAULT_WATCHED", { full: 200, short: 200 });
const KILLS = size("FAULT_KILLS", { full: 20, short: 3 });
const JOBS_OF_ALL = size("FAULT_KILL_ALL_JOBS", { full: 2_000, short: 600 });

describeFaults("instances that are killed", (stage) => {
  it.each(SEEDS)("one after another lose nothing that was promised (seed %i)", async (seed) => {
    const { env, ledger, databaseUrl } = stage();
    const random = new Random(seed);
    const cluster = await Cluster.start(sameMembers(3, env));
    const submitter = new Submitter(() => cluster.clients, random);
    const watchers = new Watchers(() => cluster.urls, random);
    const mix = { count: JOBS, prefix: "job", random, ledger, webhookMs: 400, delayMs: 8_000 };
    const killing = { until: false, kills: 0 };
    const killer = killOneByOne(cluster, random, killing);
    const submitted = submitter.submit(mixedJobs(mix), { atOnce: 2, pauseMs: 40 });
    await Promise.all([submitted, watchers.watchSome(submitter, WATCHED)]);
    await untilSettled(databaseUrl, 240_000);
    killing.until = true;
    await killer;
    const { kills } = killing;
    const evidence = { databaseUrl, submitter, ledger, watchers, cluster };
    const { figures } = await finishRun("an instance killed every 2 s", {
      ...evidence,
      figures: { seed, kills },
    });
    expect(kills).toBeGreaterThan(0);
    // What ran at a kill runs again; nothing else does.
    expect(figures.repeats).toBeLessThanOrEqual(Number(figures.lostAttempts));
    expect(figures.sawEnd).toBe(WATCHED);
  });

  it.each(SEEDS)("all at once come back and go on within lease + 3 s (seed %i)", async (seed) => {
    const { env, ledger, databaseUrl } = stage();
    const random = new Random(seed);
    const cluster = await Cluster.start(sameMembers(3, env));
    const submitter = new Submitter(() => cluster.clients, random);
    const indexes = [...cluster.urls.keys()];
    const recoveries: number[] = [];
    let inFlight = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const count = Math.ceil(JOBS_OF_ALL / KILLS);
      const prefix = `round-${kill}`;
      const submitted = submitter.submit(
        mixedJobs({ count, prefix, random, ledger, webhookMs: 400 }),
      );
      // Somewhere in the middle of the work, and of the submits.
      const calls = ledger.calls + 1 + random.below(40);
      await ledger.until(() => ledger.calls >= calls);
      await Promise.all(indexes.map((index) => cluster.kill(index)));
      const killedAt = performance.now();
      const rows = await queryOnce(databaseUrl, RUNNING);
      const tokens = rows.map(({ token }) => String(token));
      await Promise.all(indexes.map((index) => cluster.startAgain(index)));
      await untilTakenBack(databaseUrl, tokens);
      recoveries.push(performance.now() - killedAt);
      inFlight += rows.length;
      await submitted;
    }
    const { figures } = await finishRun("all instances killed at once", {
      ...{ databaseUrl, submitter, ledger, cluster },
      figures: { seed, kills: KILLS, inFlight, recoveryMaxMs: Math.max(...recoveries) },
    });
    expect(figures.repeats).toBeLessThanOrEqual(inFlight);
    expect(Math.max(...recoveries)).toBeLessThanOrEqual(LEASE_MS + 3_000);
  });
});

/** Jobs that are RUNNING, each under the token of its claim. */
const RUNNING = "select token from vinyasa.running_jobs";

/** Resolves when none of these claims is RUNNING any more. */
async function untilTakenBack(url: string, tokens: readonly string[]): Promise<void> {
  const list = tokens.map((token) => `'${token}'`).join(", ");
  if (list === "") return;
  const sql = `select count(*) as left from vinyasa.running_jobs where token in (${list})`;
  await untilInDatabase(url, sql, (row) => Number(row.left) === 0, 60_000);
}

async function killOneByOne(
  cluster: Cluster,
  random: Random,
  killing: { until: boolean; kills: number },
): Promise<void> {
  while (!killing.until) {
    await sleep(2_000);
    const index = random.below(cluster.size);
    await cluster.kill(index);
    killing.kills += 1;
    await sleep(1_000);
    await cluster.startAgain(index);
  }
}
