import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { FAIL_POINTS, type FailPoint } from "../../src/engine/fail-points.ts";
import { Random } from "../store/random.ts";
import { Cluster, sameMembers } from "./cluster.ts";
import { finishRun } from "./finish-run.ts";
import { mixedJobs } from "./planned-jobs.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";
import { Watchers } from "./watchers.ts";

const EXITS = size("FAULT_EXITS", { full: 200, short: 5 });
const WATCHED = 30;
/** Jobs come in batches for as long as processes are to die in them. */
const BATCH = 20;

/** What a dead process leaves is taken over soon: there are many deaths. */
const SOON = { LEASE_MS: "2000", HEARTBEAT_MS: "250", DEAD_AFTER_MS: "1000" };

/** The pass at which the next process dies, at most: often enough to come soon. */
const PASSES_MAX: Record<FailPoint, number> = {
  "after-claim-commit": 20,
  "after-effect-before-complete": 40,
  "after-commit-before-publish": 20,
  "before-lease-renew": 4,
  "mid-drain": 1,
};

describeFaults("processes that die", (stage) => {
  it.each(FAIL_POINTS.flatMap((point) => SEEDS.map((seed) => ({ point, seed }))))(
    "$point lose nothing that was promised (seed $seed)",
    async ({ point, seed }) => {
      const { env, ledger, databaseUrl } = stage();
      const random = new Random(seed);
      const arm = () => ({ FAILPOINTS: `${point}=${1 + random.below(PASSES_MAX[point])}` });
      const cluster = await Cluster.start(sameMembers(3, { ...env, ...SOON }));
      const submitter = new Submitter(() => cluster.clients, random);
      const watchers = new Watchers(() => cluster.urls, random);
      let exits = 0;
      let haveEnough = () => {};
      const enough = new Promise<"enough">((resolve) => {
        haveEnough = () => resolve("enough");
      });
      const submitting = (async () => {
        for (let batch = 0; exits < EXITS || batch * BATCH < WATCHED; batch += 1) {
          const prefix = `batch-${batch}`;
          await submitter.submit(mixedJobs({ count: BATCH, prefix, random, ledger }));
          await sleep(100);
        }
      })();
      // Two die again and again; the third one lives, to take over what they leave behind.
      const dying = [1, 2].map(async (index) => {
        while (exits < EXITS) {
          await cluster.kill(index);
          await cluster.startAgain(index, arm());
          const server = cluster.server(index);
          server.expectEnd();
          if (point === "mid-drain") server.signal("SIGTERM");
          // Without new jobs, no process passes the point any more.
          const how = await Promise.race([server.ended, enough]);
          if (how === "enough") return;
          expect(how).toBe("SIGKILL");
          exits += 1;
          if (exits >= EXITS) haveEnough();
        }
      });
      await watchers.watchSome(submitter, WATCHED);
      await Promise.all([submitting, ...dying]);
      await Promise.all([1, 2].map((index) => cluster.kill(index)));
      const { figures } = await finishRun(`death ${point}`, {
        ...{ databaseUrl, submitter, ledger, watchers, cluster },
        figures: { seed, exits },
      });
      expect(exits).toBeGreaterThanOrEqual(EXITS);
      expect(figures.sawEnd).toBe(WATCHED);
    },
  );
});
