import { afterEach, beforeEach, expect, it } from "vitest";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { EVERY_TURN, type Turns } from "../../src/events/turns.ts";
import { beat } from "../../src/store/instances.ts";
import { readAttempts } from "../../src/store/read-attempts.ts";
import { sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { Held, quick } from "./executors.ts";
import { claimAsGhost } from "./ghost.ts";
import { openStage } from "./open-stage.ts";
import { type Stage, silentLog } from "./stage.ts";

/** Far below the lease, so that what is found in time was found by the lock. */
const TIMES = { leaseMs: 60_000, deadAfterMs: 600, heartbeatMs: 100 };

let flips = 0;
const LIES: [string, Turns][] = [
  ["is always granted", EVERY_TURN],
  ["is never granted", { take: async () => false, giveUp: () => {} }],
  ["comes and goes", { take: async () => flips++ % 3 === 0, giveUp: () => {} }],
  [
    "is answered late",
    { take: () => new Promise((r) => setTimeout(r, 250, true)), giveUp: () => {} },
  ],
];

describeWithPostgres("a fleet", () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await openStage();
  });
  afterEach(() => stage.close());

  it("runs the jobs of an instance whose connection is gone long before its lease ends", async () => {
    const [lost] = await stage.submit({ type: "job" });
    const { heartbeat } = await claimAsGhost(stage);
    await stage.startEngine([quick("job")], TIMES);
    await heartbeat.close();
    expect(await stage.ended(lost.id)).toMatchObject({ status: "COMPLETED", attempt: 2 });
  });

  it("comes back soon for a job that something else held when its instance was found dead", async () => {
    const [lost] = await stage.submit({ type: "job" });
    const id = lost.id;
    const { key, heartbeat } = await claimAsGhost(stage);
    await stage.startEngine([quick("job")], TIMES);
    const took = sql("select from vinyasa.running_jobs where job_id = $1 for update");
    const gone = sql("select from vinyasa.instances where id = $1 and ended_at is not null");
    await stage.db.transaction("hold", async (tx) => {
      await tx.query(took, [id]);
      await heartbeat.close();
      await expect.poll(() => tx.query(gone, [key.id]), { timeout: 5_000 }).toHaveLength(1);
    });
    const freeSince = performance.now();
    expect(await stage.ended(id)).toMatchObject({ status: "COMPLETED", attempt: 2 });
    expect(performance.now() - freeSince).toBeLessThan(5_000);
  });

  it("leaves the jobs of an instance alone that is silent, while its connection is there", async () => {
    const [kept] = await stage.submit({ type: "job" });
    const { key, heartbeat } = await claimAsGhost(stage);
    const order: string[] = [];
    await stage.startEngine([quick("job", order)], TIMES);
    // Two others die and are found in turn: the silent one was looked at each time.
    for (let round = 0; round < 2; round += 1) {
      const [other] = await stage.submit({ type: "other" });
      const ghost = await claimAsGhost(stage);
      await ghost.heartbeat.close();
      const gone = "select from vinyasa.instances where id = $1 and ended_at is not null";
      await expect
        .poll(() => stage.db.query(sql(gone), [ghost.key.id]), { timeout: 10_000 })
        .toHaveLength(1);
      expect(other).toBeDefined();
    }
    expect(await beat(heartbeat, key, false)).toMatchObject({ kept: true });
    expect(order).toEqual([]);
    expect(kept).toBeDefined();
  });

  it.each(LIES)(
    "with a lock that %s runs nothing twice, and stops nowhere",
    async (_how, turns) => {
      const bus = Object.assign(new InProcessBus(silentLog), { turns });
      const plain = new Held("plain");
      const order: string[] = [];
      plain.letGo();
      const doomed = await stage.submit(...Array.from({ length: 20 }, () => ({ type: "lost" })));
      const { heartbeat } = await claimAsGhost(stage);
      const executors = [plain.executor, quick("lost", order)];
      const start = () => stage.startEngine(executors, { ...TIMES, bus });
      await Promise.all([start(), start(), start()]);
      const jobs = await stage.submit(...Array.from({ length: 200 }, () => ({ type: "plain" })));
      const [expiring] = await stage.submit({ type: "unknown", expiresAtMs: Date.now() + 1_500 });
      await heartbeat.close();
      for (const { id } of [...jobs, ...doomed]) {
        expect((await stage.ended(id)).status).toBe("COMPLETED");
      }
      expect((await stage.ended(expiring.id)).status).toBe("CANCELLED");
      expect(plain.started.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
      expect(order).toHaveLength(20);
      const attempts = await readAttempts(
        stage.db,
        doomed.map(({ id }) => id),
      );
      expect(
        [...attempts.values()].map((each) => each.map(({ outcome }) => outcome).join()),
      ).toEqual(doomed.map(() => "COMPLETED,LOST"));
      const unfolded = sql("select count(*)::int as n from vinyasa.counter_deltas");
      await expect.poll(() => stage.db.query(unfolded), { timeout: 10_000 }).toEqual([{ n: 0 }]);
      const counted = sql("select sum(count)::int as n from vinyasa.counters where status = 5");
      expect(await stage.db.query(counted)).toEqual([{ n: 220 }]);
    },
  );
});
