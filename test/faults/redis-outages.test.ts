import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster, sameMembers } from "./cluster.ts";
import { finishRun } from "./finish-run.ts";
import { mixedJobs, webhooks } from "./planned-jobs.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults, type Stage } from "./stage.ts";
import { Submitter } from "./submitter.ts";
import { Watchers } from "./watchers.ts";

const JOBS = size("FAULT_REDIS_JOBS", { full: 5_000, short: 600 });
const WATCHED = size("FAULT_REDIS_WATCHED", { full: 500, short: 100 });
const ROUNDS = size("FAULT_REDIS_ROUNDS", { full: 10, short: 1 });
const CUTTING_MS = size("FAULT_CUTTING_MS", { full: 60_000, short: 5_000 });
const AWAY_MS = size("FAULT_REDIS_AWAY_MS", { full: 120_000, short: 12_000 });
const FROZEN_MS = size("FAULT_REDIS_FROZEN_MS", { full: 60_000, short: 8_000 });
const FROZEN_JOBS = size("FAULT_REDIS_FROZEN_JOBS", { full: 7_000, short: 700 });
/** The repair's second, one more, and what a loaded machine adds. */
const END_DELAY_MS_MAX = 4_000;
const DOWN_MS = 3_000;

interface Load {
  readonly cluster: Cluster;
  readonly random: Random;
  readonly redis: Stage["redis"];
}

describeFaults("a Redis that", (stage) => {
  it.each(SEEDS)("is killed again and again takes no watcher its end (seed %i)", async (seed) => {
    await underLoad(
      "Redis killed",
      seed,
      ROUNDS * (DOWN_MS + 2_000),
      stage(),
      async ({ redis }) => {
        for (let round = 0; round < ROUNDS; round += 1) {
          await sleep(2_000);
          await redis.kill();
          await sleep(DOWN_MS);
          await redis.start();
        }
        return ROUNDS;
      },
    );
  });

  it.each(SEEDS)(
    "cuts its subscribers all the time takes no watcher its end (seed %i)",
    async (seed) => {
      await underLoad("Redis cuts subscribers", seed, CUTTING_MS, stage(), async ({ redis }) => {
        const client = new Redis(redis.url);
        const until = performance.now() + CUTTING_MS;
        let cuts = 0;
        for (; performance.now() < until; cuts += 1) {
          await sleep(300);
          await client.call("CLIENT", "KILL", "TYPE", "pubsub");
        }
        client.disconnect();
        return cuts;
      });
    },
  );

  it("is away while clients come and go ends no server, and slows no job down", async () => {
    const { env, ledger, databaseUrl, redis } = stage();
    const random = new Random(7);
    const cluster = await Cluster.start(sameMembers(2, env));
    const submitter = new Submitter(() => cluster.clients, random);
    const watchers = new Watchers(() => cluster.urls, random);
    const count = Math.round(AWAY_MS / 40);
    const pace = { batch: 10, atOnce: 1, pauseMs: 350 };
    await redis.kill();
    const submitted = submitter.submit(webhooks(ledger, { count, prefix: "away", ms: 5 }), pace);
    const until = performance.now() + AWAY_MS;
    let came = 0;
    for (; performance.now() < until; came += 1) {
      await sleep(20);
      const ids = [...submitter.acknowledged.values()];
      if (ids.length > 0) await comeAndGo(cluster, random, random.pick(ids.slice(-20)));
    }
    await submitted;
    const doneAway = ledger.calls / count;
    await redis.start();
    await watchers.watchSome(submitter, 1);
    await finishRun("Redis away, clients come and go", {
      ...{ databaseUrl, submitter, ledger, watchers, cluster },
      figures: { awayMs: AWAY_MS, clients: came, doneAway },
    });
    expect(doneAway).toBeGreaterThanOrEqual(0.95);
  });

  it("answers nothing any more holds up no job, and fills no memory", async () => {
    const { env, ledger, databaseUrl, redis } = stage();
    const random = new Random(8);
    const cluster = await Cluster.start(sameMembers(2, env));
    const submitter = new Submitter(() => cluster.clients, random);
    const watchers = new Watchers(() => cluster.urls, random);
    const warm = mixedJobs({ count: 200, prefix: "warm", random, ledger, delayMs: 100 });
    await Promise.all([submitter.submit(warm), watchers.watchSome(submitter, 50)]);
    const beforeMb = cluster.memoryMb();
    redis.freeze();
    const jobs = mixedJobs({ count: FROZEN_JOBS, prefix: "frozen", random, ledger, delayMs: 100 });
    const pauseMs = (FROZEN_MS * 20 * 2) / FROZEN_JOBS;
    await submitter.submit(jobs, { batch: 20, atOnce: 2, pauseMs });
    const grownMb = cluster.memoryMb() - beforeMb;
    redis.thaw();
    const { figures } = await finishRun("Redis frozen", {
      ...{ databaseUrl, submitter, ledger, watchers, cluster },
      figures: { frozenMs: FROZEN_MS, grownMb },
    });
    expect(figures.lostAttempts).toBe(0);
    expect(grownMb).toBeLessThanOrEqual(50);
  });
});

/** Subscribes somewhere, takes a state or two, and leaves without a word. */
async function comeAndGo(cluster: Cluster, random: Random, id: string): Promise<void> {
  const passing = new Watchers(() => cluster.urls, random);
  passing.watch(id);
  await sleep(random.below(20));
  // It leaves without waiting, whatever became of its socket: that is what is tried here.
  passing.close().catch(() => {});
}

/** Jobs come for as long as the faults go on, and some of them are watched to their end. */
async function underLoad(
  name: string,
  seed: number,
  lastsMs: number,
  { env, ledger, databaseUrl, redis }: Stage,
  faults: (load: Load) => Promise<number>,
): Promise<void> {
  const random = new Random(seed);
  const cluster = await Cluster.start(sameMembers(3, env));
  const submitter = new Submitter(() => cluster.clients, random);
  const watchers = new Watchers(() => cluster.urls, random);
  const jobs = mixedJobs({ count: JOBS, prefix: "job", random, ledger, webhookMs: 200 });
  const [batch, atOnce] = [10, 2];
  const pauseMs = (lastsMs * batch * atOnce) / JOBS;
  const submitted = submitter.submit(jobs, { batch, atOnce, pauseMs });
  const watched = watchers.watchSome(submitter, WATCHED);
  const count = await faults({ cluster, random, redis });
  await Promise.all([submitted, watched]);
  const { figures } = await finishRun(name, {
    ...{ databaseUrl, submitter, ledger, watchers, cluster },
    figures: { seed, faults: count },
  });
  expect(figures.lostAttempts).toBe(0);
  expect(figures.sawEnd).toBe(WATCHED);
  expect(Number(figures.endDelayMaxMs)).toBeLessThanOrEqual(END_DELAY_MS_MAX);
}
