import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster, sameMembers } from "./cluster.ts";
import { finishRun } from "./finish-run.ts";
import { webhooks } from "./planned-jobs.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";
import { Watchers } from "./watchers.ts";

const WATCHED = size("FAULT_LATE_WATCHERS", { full: 10_000, short: 300 });
const AT_ONCE = 20;
/** How long a job takes, and how far from its end a watcher comes, either way. */
const AROUND_MS = 50;

describeFaults("watchers that come in the moment in which a job ends", (stage) => {
  it.each(SEEDS)("see its end, wherever they are (seed %i)", async (seed) => {
    const { env, ledger, databaseUrl } = stage();
    const random = new Random(seed);
    const cluster = await Cluster.start(sameMembers(2, env));
    const submitter = new Submitter(() => [cluster.server(0).client], random);
    const watchers = new Watchers(() => [cluster.server(1).url], random);
    const jobs = webhooks(ledger, { count: WATCHED, prefix: "job", ms: AROUND_MS });
    const work = async () => {
      for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
        await submitter.submit([job]);
        await sleep(random.below(2 * AROUND_MS));
        watchers.watch(submitter.acknowledged.get(job.key) ?? "");
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const { figures } = await finishRun("watchers around the end", {
      ...{ databaseUrl, submitter, ledger, watchers, cluster },
      figures: { seed },
    });
    expect(figures.sawEnd).toBe(WATCHED);
    expect(Number(figures.endDelayMaxMs)).toBeLessThanOrEqual(3_000);
  });
});
