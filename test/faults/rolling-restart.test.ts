import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster, sameMembers } from "./cluster.ts";
import { finishRun } from "./finish-run.ts";
import { webhooks } from "./planned-jobs.ts";
import { queryOnce } from "./settle.ts";
import { size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";
import { Watchers } from "./watchers.ts";

const CLIENTS = size("FAULT_RESTART_CLIENTS", { full: 500, short: 120 });
/** Between the restarts: all are back, and what a closing client waits for is over. */
const PAUSE_MS = 3_000;
/** One client every 20 ms, for three seconds at most. */
const SPREAD_MS_MIN = size("FAULT_RESTART_SPREAD_MS", { full: 2_000, short: 400 });

describeFaults("a rolling restart", (stage) => {
  it("moves every live client to another instance without an end, and not all at once", async () => {
    const { env, ledger, databaseUrl } = stage();
    const random = new Random(5);
    const cluster = await Cluster.start(sameMembers(3, env));
    const submitter = new Submitter(() => cluster.clients, random);
    const watchers = new Watchers(() => cluster.urls, random, { watchesPerSocket: 1 });
    // Nothing happens to them before the restarts are over, however long those take.
    const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
    const jobs = webhooks(ledger, { count: CLIENTS, prefix: "job", more: { scheduledAt } });
    await submitter.submit(jobs);
    for (const id of submitter.acknowledged.values()) watchers.watch(id);
    while (watchers.watches.some(({ seen }) => seen.length === 0)) await sleep(50);
    const spreads: number[] = [];
    for (let index = 0; index < cluster.size; index += 1) {
      const before = watchers.connections.length;
      const stoppedAt = Date.now();
      await cluster.stop(index);
      await cluster.startAgain(index);
      await sleep(PAUSE_MS);
      const after = watchers.connections.slice(before);
      // The last to go was closed last: when each came back tells when it was closed.
      spreads.push(Math.max(...after) - Math.min(...after));
      expect(after.length).toBeGreaterThan(0);
      expect(Math.max(...after) - stoppedAt).toBeLessThanOrEqual(20_000);
    }
    const silentEnds = watchers.watches.filter(({ endedAt }) => endedAt !== null).length;
    await queryOnce(databaseUrl, DUE_NOW);
    const { figures } = await finishRun("a rolling restart", {
      ...{ databaseUrl, submitter, ledger, watchers, cluster },
      figures: { clients: CLIENTS, silentEnds, spreadMinMs: Math.min(...spreads) },
    });
    expect(silentEnds).toBe(0);
    expect(figures.sawEnd).toBe(CLIENTS);
    expect(Math.min(...spreads)).toBeGreaterThanOrEqual(SPREAD_MS_MIN);
  });
});

const DUE_NOW = "update vinyasa.scheduled_jobs set at = clock_timestamp()";
