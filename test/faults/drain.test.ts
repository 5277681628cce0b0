import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster, sameMembers } from "./cluster.ts";
import { finishRun } from "./finish-run.ts";
import { mixedJobs, webhooks } from "./planned-jobs.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";
import { Watchers } from "./watchers.ts";

const JOBS = size("FAULT_DRAIN_JOBS", { full: 10_000, short: 1_500 });
const ROUNDS = size("FAULT_DRAINS", { full: 5, short: 1 });
const WATCHED = size("FAULT_DRAIN_WATCHED", { full: 200, short: 50 });
const GRACE_MS = 5_000;

describeFaults("instances that are stopped with SIGTERM", (stage) => {
  it.each(SEEDS)("in turn, under load, harm no job and no client (seed %i)", async (seed) => {
    const { env, ledger, databaseUrl } = stage();
    const random = new Random(seed);
    const members = sameMembers(3, { ...env, SHUTDOWN_GRACE_MS: String(GRACE_MS) });
    const cluster = await Cluster.start(members);
    const submitter = new Submitter(() => cluster.clients, random);
    const watchers = new Watchers(() => cluster.urls, random);
    const mix = { count: JOBS, prefix: "job", random, ledger, webhookMs: 300 };
    // As long as the stops, of which each takes some two and a half seconds with its start.
    const pauseMs = (ROUNDS * cluster.size * 2_500 * 40) / JOBS;
    const submitted = submitter.submit(mixedJobs(mix), { atOnce: 2, pauseMs });
    await watchers.watchSome(submitter, WATCHED);
    const stops: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const index of cluster.urls.keys()) {
        const began = performance.now();
        expect(await cluster.stop(index)).toBe(0);
        stops.push(performance.now() - began);
        await cluster.startAgain(index);
      }
    }
    await submitted;
    const stopMaxMs = Math.max(...stops);
    const { figures } = await finishRun("instances stopped in turn", {
      ...{ databaseUrl, submitter, ledger, watchers, cluster },
      figures: { seed, stops: stops.length, stopMaxMs },
    });
    expect(stopMaxMs).toBeLessThanOrEqual(GRACE_MS + 2_000);
    expect(figures.lostAttempts).toBe(0);
    expect(figures.repeats).toBe(0);
    expect(figures.sawEnd).toBe(WATCHED);
  });

  it("give a job that outlasts the grace time to another one, unharmed", async () => {
    const { env, ledger, databaseUrl } = stage();
    const graceMs = 2_000;
    const members = sameMembers(1, { ...env, SHUTDOWN_GRACE_MS: String(graceMs) });
    const cluster = await Cluster.start([...members, { env: { ...env, WORKER_THREADS: "4" } }]);
    await cluster.stop(1);
    const submitter = new Submitter(() => cluster.clients, new Random(1));
    await submitter.submit(webhooks(ledger, { count: 1, prefix: "long", hold: 1 }));
    await ledger.until(() => ledger.inFlight === 1);
    await cluster.startAgain(1);
    const began = performance.now();
    expect(await cluster.stop(0)).toBe(0);
    const stopMs = performance.now() - began;
    await ledger.until(() => ledger.callsOf("long-0") === 2);
    const againMs = performance.now() - began;
    const { facts, figures } = await finishRun("a job that outlasts the grace time", {
      ...{ databaseUrl, submitter, ledger, cluster },
      figures: { graceMs, stopMs, againMs },
    });
    expect(stopMs).toBeLessThanOrEqual(graceMs + 2_000);
    expect(againMs).toBeLessThanOrEqual(graceMs + 2_000);
    expect(figures.releasedAttempts).toBe(1);
    const [job] = facts.jobs.values();
    expect(job?.attemptsLeft).toBe((job?.maxAttempts ?? 0) - 1);
  });
});
