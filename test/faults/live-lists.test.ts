import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { Client } from "../../src/client/index.ts";
import { Random } from "../store/random.ts";
import { Cluster, sameMembers } from "./cluster.ts";
import { JobsUpdated, type JobsUpdatedMessage } from "./documents.ts";
import { reportFigures } from "./figures.ts";
import { finishRun } from "./finish-run.ts";
import { type PlannedJob, webhooks } from "./planned-jobs.ts";
import { queryOnce, untilSettled } from "./settle.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";

const AWAY_MS = size("FAULT_LIST_AWAY_MS", { full: 30_000, short: 3_000 });
/** Three transitions each. */
const JOBS = size("FAULT_LIST_JOBS", { full: 1_700, short: 300 });
const KILLS = size("FAULT_LIST_KILLS", { full: 10, short: 2 });

/** A client that keeps a list as it is told to, and drops what is not newer. */
class ListClient {
  readonly versions = new Map<string, number>();
  readonly statuses = new Map<string, string>();
  cursor: string | null = null;
  resyncs = 0;
  repeats = 0;
  messages = 0;

  /** Follows the list until `isDone`, then leaves. */
  async follow(client: Client, isDone: () => boolean): Promise<void> {
    const leave = new AbortController();
    const variables = { after: this.cursor };
    const messages = client.subscribe(JobsUpdated, variables, {
      signal: leave.signal,
      resume: (last, before) => ({ ...before, after: last.jobsUpdated.cursor }),
    });
    for await (const { jobsUpdated } of messages) {
      this.#take(jobsUpdated);
      if (isDone()) return;
    }
  }

  #take({ changes, cursor, resync }: JobsUpdatedMessage): void {
    this.messages += 1;
    this.cursor = cursor;
    if (resync) this.resyncs += 1;
    for (const { id, job } of changes) {
      if ((this.versions.get(id) ?? 0) >= job.version) this.repeats += 1;
      else {
        this.versions.set(id, job.version);
        this.statuses.set(id, job.status);
      }
    }
  }

  /** Jobs that it does not know as the database does. */
  async differences(databaseUrl: string): Promise<string[]> {
    const rows = await queryOnce(
      databaseUrl,
      "select job_id as id, version from vinyasa.finished_jobs",
    );
    return rows.flatMap(({ id, version }) =>
      this.versions.get(String(id)) === Number(version) ? [] : [`${id} is ${version}`],
    );
  }
}

describeFaults("a live list", (stage) => {
  it.each(SEEDS)(
    "goes on elsewhere after a break with exactly what was missed (seed %i)",
    async (seed) => {
      const { env, ledger, databaseUrl } = stage();
      const random = new Random(seed);
      const cluster = await Cluster.start(sameMembers(2, env));
      const submitter = new Submitter(() => cluster.clients, random);
      const list = new ListClient();
      await list.follow(cluster.server(0).client, () => true);
      const before = planned(ledger, "before", 50);
      const knows = (jobs: readonly PlannedJob[]) =>
        jobs.every(
          ({ key }) => list.statuses.get(submitter.acknowledged.get(key) ?? "") === "COMPLETED",
        );
      const follows = list.follow(cluster.server(0).client, () => knows(before));
      await submitter.submit(before);
      await follows;
      const missed = planned(ledger, "missed", JOBS);
      const pauseMs = (AWAY_MS * 20 * 4) / JOBS;
      await submitter.submit(missed, { pauseMs });
      await untilSettled(databaseUrl, 120_000);
      const [toldBefore, repeatsBefore] = [list.messages, list.repeats];
      const began = performance.now();
      await list.follow(cluster.server(1).client, () => knows(missed));
      const caughtUpMs = performance.now() - began;
      expect(await list.differences(databaseUrl)).toEqual([]);
      expect(list.resyncs).toBe(0);
      await finishRun("a list that was away", {
        ...{ databaseUrl, submitter, ledger, cluster },
        figures: {
          ...{ seed, caughtUpMs, messages: list.messages - toldBefore },
          repeatsDropped: list.repeats - repeatsBefore,
        },
      });
    },
  );

  it.each(SEEDS)("knows every job while instances are killed under it (seed %i)", async (seed) => {
    const { env, ledger, databaseUrl } = stage();
    const random = new Random(seed);
    const cluster = await Cluster.start(sameMembers(3, env));
    const submitter = new Submitter(() => cluster.clients, random);
    const list = new ListClient();
    let isOver = false;
    const following = (async () => {
      while (!isOver) {
        // The client gives up after some tries; whoever wants the list begins again elsewhere.
        const client = random.pick(cluster.clients);
        await list.follow(client, () => isOver).catch(() => sleep(100));
      }
    })();
    const jobs = planned(ledger, "job", JOBS, 100);
    const submitted = submitter.submit(jobs, { batch: 10, atOnce: 2, pauseMs: 40 });
    for (let kill = 0; kill < KILLS; kill += 1) {
      await sleep(1_500);
      const index = random.below(cluster.size);
      await cluster.kill(index);
      await sleep(500);
      await cluster.startAgain(index);
    }
    await submitted;
    await untilSettled(databaseUrl, 120_000);
    while ((await list.differences(databaseUrl)).length > 0) await sleep(100);
    isOver = true;
    // A quiet list speaks every 15 s.
    await submitter.submit(planned(ledger, "last", 1));
    await following;
    reportFigures("a list while instances are killed", {
      ...{ seed, kills: KILLS, resyncs: list.resyncs, repeatsDropped: list.repeats },
    });
    expect(list.resyncs).toBe(0);
    await finishRun("instances killed under a list", {
      ...{ databaseUrl, submitter, ledger, cluster },
      figures: { seed, kills: KILLS },
    });
  });
});

function planned(
  ledger: Parameters<typeof webhooks>[0],
  prefix: string,
  count: number,
  ms = 5,
): PlannedJob[] {
  return webhooks(ledger, { count, prefix, ms });
}
