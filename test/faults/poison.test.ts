import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { countAttempts } from "./check-run.ts";
import { Cluster } from "./cluster.ts";
import { finishRun } from "./finish-run.ts";
import { type PlannedJob, webhooks } from "./planned-jobs.ts";
import { untilSettled } from "./settle.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";

const INNOCENTS = size("FAULT_INNOCENTS", { full: 2_000, short: 300 });
const PROGRAM = new URL("./poison-server.mjs", import.meta.url).pathname;
const ATTEMPTS = 3;

describeFaults("a job that kills whoever runs it", (stage) => {
  it.each(SEEDS)("ends three instances at most, and no other job (seed %i)", async (seed) => {
    const { env, ledger, databaseUrl } = stage();
    const random = new Random(seed);
    const member = { env, options: { program: PROGRAM } };
    const cluster = await Cluster.start([member, member, member]);
    const submitter = new Submitter(() => cluster.clients, random);
    let deaths = 0;
    const watching = { until: false };
    // As an orchestrator does: what dies is started again.
    const restarting = (async () => {
      while (!watching.until) {
        await sleep(100);
        for (const index of cluster.takeDead()) {
          deaths += 1;
          await cluster.startAgain(index);
        }
      }
    })();
    const more = { maxAttempts: ATTEMPTS };
    const innocents = webhooks(ledger, { count: INNOCENTS, prefix: "job", ms: 200, more });
    const input = { type: "poison", payload: {}, idempotencyKey: "poison", ...more };
    const poison: PlannedJob = { key: "poison", input, ends: "FAILED" };
    const middle = Math.floor(INNOCENTS / 3);
    const jobs = [...innocents.slice(0, middle), poison, ...innocents.slice(middle)];
    await submitter.submit(jobs, { batch: 10, atOnce: 1, pauseMs: 50 });
    await untilSettled(databaseUrl, 120_000);
    watching.until = true;
    await restarting;
    const { facts } = await finishRun("a poison job", {
      ...{ databaseUrl, submitter, ledger, cluster },
      figures: { seed, deaths },
    });
    const culprit = [...facts.jobs.values()].find(({ key }) => key === "poison");
    const others = [...facts.jobs.values()].filter(({ key }) => key !== "poison");
    expect(deaths).toBeLessThanOrEqual(ATTEMPTS);
    expect(culprit?.attempts.at(-1)).toMatchObject({ outcome: "LOST", code: "LOST" });
    // Beside it there were others once, before anybody could know.
    const lostMost = Math.max(...others.map((job) => countAttempts([job], "LOST")));
    expect(lostMost).toBeLessThanOrEqual(1);
  });
});
