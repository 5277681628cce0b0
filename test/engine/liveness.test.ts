import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { EVERY_TURN, type Turns } from "../../src/events/turns.ts";
import { beat } from "../../src/store/instances.ts";
import { readAttempts } from "../../src/store/read-attempts.ts";
import { sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { held, quick, TestFleet } from "./test-fleet.ts";

const log = pino({ level: "silent" });
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
  let fleet: TestFleet;
  beforeEach(async () => {
    fleet = await TestFleet.create();
  });
  afterEach(() => fleet.close());

  it("runs the jobs of an instance whose connection is gone long before its lease ends", async () => {
    const [lost] = await fleet.submit({ type: "job" });
    const { heartbeat } = await fleet.ghost();
    const job = quick("job");
    await fleet.start([job.executor], TIMES);
    await heartbeat.close();
    expect(await fleet.ended(lost?.id ?? "")).toMatchObject({ status: "COMPLETED", attempt: 2 });
  });

  it("comes back soon for a job that something else held when its instance was found dead", async () => {
    const [lost] = await fleet.submit({ type: "job" });
    const id = lost?.id ?? "";
    const { key, heartbeat } = await fleet.ghost();
    const job = quick("job");
    await fleet.start([job.executor], TIMES);
    const took = sql("select from vinyasa.running_jobs where job_id = $1 for update");
    const gone = sql("select from vinyasa.instances where id = $1 and ended_at is not null");
    await fleet.db.transaction("hold", async (tx) => {
      await tx.query(took, [id]);
      await heartbeat.close();
      await expect.poll(() => tx.query(gone, [key.id]), { timeout: 5_000 }).toHaveLength(1);
    });
    const freeSince = performance.now();
    expect(await fleet.ended(id)).toMatchObject({ status: "COMPLETED", attempt: 2 });
    expect(performance.now() - freeSince).toBeLessThan(5_000);
  });

  it("leaves the jobs of an instance alone that is silent, while its connection is there", async () => {
    const [kept] = await fleet.submit({ type: "job" });
    const { key, heartbeat } = await fleet.ghost();
    const job = quick("job");
    await fleet.start([job.executor], TIMES);
    // Two others die and are found in turn: the silent one was looked at each time.
    for (let round = 0; round < 2; round += 1) {
      const [other] = await fleet.submit({ type: "other" });
      const ghost = await fleet.ghost();
      await ghost.heartbeat.close();
      const gone = "select from vinyasa.instances where id = $1 and ended_at is not null";
      await expect
        .poll(() => fleet.db.query(sql(gone), [ghost.key.id]), { timeout: 10_000 })
        .toHaveLength(1);
      expect(other).toBeDefined();
    }
    expect(await beat(heartbeat, key, false)).toMatchObject({ kept: true });
    expect(job.order).toEqual([]);
    expect(kept).toBeDefined();
  });

  it.each(LIES)(
    "with a lock that %s runs nothing twice, and stops nowhere",
    async (_how, turns) => {
      const bus = Object.assign(new InProcessBus(log), { turns });
      const [plain, lost] = [held("plain"), quick("lost")];
      plain.open();
      const doomed = await fleet.submit(...Array.from({ length: 20 }, () => ({ type: "lost" })));
      const { heartbeat } = await fleet.ghost();
      const executors = [plain.executor, lost.executor];
      const start = () => fleet.start(executors, { ...TIMES, bus });
      await Promise.all([start(), start(), start()]);
      const jobs = await fleet.submit(...Array.from({ length: 200 }, () => ({ type: "plain" })));
      const [expiring] = await fleet.submit({ type: "unknown", expiresAtMs: Date.now() + 1_500 });
      await heartbeat.close();
      for (const { id } of [...jobs, ...doomed]) {
        expect((await fleet.ended(id)).status).toBe("COMPLETED");
      }
      expect((await fleet.ended(expiring?.id ?? "")).status).toBe("CANCELLED");
      expect(plain.started.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
      expect(lost.order).toHaveLength(20);
      const attempts = await readAttempts(
        fleet.db,
        doomed.map(({ id }) => id),
      );
      expect(
        [...attempts.values()].map((each) => each.map(({ outcome }) => outcome).join()),
      ).toEqual(doomed.map(() => "COMPLETED,LOST"));
      const unfolded = sql("select count(*)::int as n from vinyasa.counter_deltas");
      await expect.poll(() => fleet.db.query(unfolded), { timeout: 10_000 }).toEqual([{ n: 0 }]);
      const counted = sql("select sum(count)::int as n from vinyasa.counters where status = 5");
      expect(await fleet.db.query(counted)).toEqual([{ n: 220 }]);
    },
  );
});
