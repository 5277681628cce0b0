import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster, sameMembers } from "./cluster.ts";
import { finishRun } from "./finish-run.ts";
import { mixedJobs } from "./planned-jobs.ts";
import { queryOnce } from "./settle.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults, type Stage } from "./stage.ts";
import { Submitter } from "./submitter.ts";

const JOBS = size("FAULT_POSTGRES_JOBS", { full: 5_000, short: 800 });
const CRASHES = size("FAULT_CRASHES", { full: 10, short: 2 });
const CRASH_EVERY_MS = size("FAULT_CRASH_EVERY_MS", { full: 5_000, short: 2_000 });
const BACKENDS = size("FAULT_BACKENDS", { full: 20, short: 3 });
const TERMINATING_MS = size("FAULT_TERMINATING_MS", { full: 60_000, short: 6_000 });

/** Everything that was there must be drained this long after the last fault. */
const DRAINED_MS = 30_000;

describeFaults("PostgreSQL", (stage) => {
  it.each(SEEDS)("crashing again and again takes nothing with it (seed %i)", async (seed) => {
    const { postgres } = stage();
    const lastsMs = CRASHES * (CRASH_EVERY_MS + 1_500);
    await underLoad("PostgreSQL crashes", { seed, lastsMs }, stage(), async () => {
      for (let crash = 0; crash < CRASHES; crash += 1) {
        await sleep(CRASH_EVERY_MS);
        await postgres.crash();
        await postgres.startAgain();
      }
      return CRASHES;
    });
  });

  it.each(SEEDS)(
    "resetting all sessions after one was killed does no harm (seed %i)",
    async (seed) => {
      const { postgres } = stage();
      await underLoad(
        "backends killed",
        { seed, lastsMs: BACKENDS * 1_300 },
        stage(),
        async (random) => {
          for (let kill = 0; kill < BACKENDS; kill += 1) {
            await sleep(1_000);
            await postgres.killBackend((pids) => random.pick(pids));
            await postgres.whenReady();
          }
          return BACKENDS;
        },
      );
    },
  );

  it.each(SEEDS)("ending sessions by the dozen does no harm (seed %i)", async (seed) => {
    const { postgres } = stage();
    await underLoad(
      "sessions terminated",
      { seed, lastsMs: TERMINATING_MS },
      stage(),
      async (random) => {
        const until = performance.now() + TERMINATING_MS;
        let ended = 0;
        while (performance.now() < until) {
          await sleep(200);
          await queryOnce(postgres.url, TERMINATE, [random.below(1_000)]);
          ended += 1;
        }
        return ended;
      },
    );
  });
});

const TERMINATE = `with s as (
    select pid, row_number() over (order by pid) - 1 as n, count(*) over () as all
    from pg_stat_activity where application_name like 'vinyasa-%'
  ) select pg_terminate_backend(pid) from s where n = $1::int % "all"`;

/** Jobs come for as long as the faults go on, and after them the rest has half a minute. */
async function underLoad(
  name: string,
  { seed, lastsMs }: { readonly seed: number; readonly lastsMs: number },
  { env, ledger, databaseUrl }: Stage,
  faults: (random: Random) => Promise<number>,
): Promise<void> {
  const random = new Random(seed);
  const cluster = await Cluster.start(sameMembers(3, { ...env, LEASE_MS: "15000" }));
  const submitter = new Submitter(() => cluster.clients, random);
  const jobs = mixedJobs({ count: JOBS, prefix: "job", random, ledger, webhookMs: 300 });
  const [batch, atOnce] = [10, 2];
  const pauseMs = (lastsMs * batch * atOnce) / JOBS;
  const submitted = submitter.submit(jobs, { batch, atOnce, pauseMs });
  const count = await faults(random);
  await submitted;
  await finishRun(name, {
    ...{ databaseUrl, submitter, ledger, cluster },
    settleMs: DRAINED_MS,
    figures: { seed, faults: count },
  });
  expect(submitter.acknowledged.size).toBe(JOBS);
}
