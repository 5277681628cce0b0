import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { Rescuer } from "../../src/engine/rescuer.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { insertJobs } from "../../src/store/insert-jobs.ts";
import { registerInstance } from "../../src/store/instances.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { sql } from "../store/statements.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { keptLog } from "./kept-log.ts";

describeWithPostgres("a rescuer", () => {
  const kept = keptLog();
  let db: Database;
  let bus: InProcessBus;
  let lanes: LaneCatalog;
  let rescuer: Rescuer | null = null;

  beforeEach(async () => {
    const { url } = await createTestDatabase();
    db = await openPostgres({ url, poolMax: 4, role: "engine", log: kept.log });
    bus = new InProcessBus(kept.log);
    lanes = new LaneCatalog(db);
  });

  afterEach(async () => {
    await rescuer?.stop();
    await bus.stop();
    await db.close();
  });

  async function start(mayDeclareDead: boolean, onRound = () => {}): Promise<void> {
    const membership = {
      ...{ id: 0, trustsLocks: false },
      get mayDeclareDead() {
        onRound();
        return mayDeclareDead;
      },
    };
    const times = { leaseMs: 15_000, deadAfterMs: 100 };
    rescuer = new Rescuer({ db, bus, lanes, membership, log: kept.log, ...times });
    await rescuer.start();
  }

  /** Jobs that run on an instance which has been silent for a minute. */
  async function running(...maxAttempts: number[]): Promise<string[]> {
    const [lane] = await lanes.intern([{ queue: "default", type: "killer", threads: 1 }]);
    if (lane === undefined) throw new Error("no lane");
    const spec = { uuid: randomUUID(), hostname: "test", pid: 1, codeVersion: 1, workers: [] };
    const instance = await registerInstance(db, spec);
    const jobs = maxAttempts.map((max) => {
      return { ...PLAIN_JOB, id: newJobId(), lane, maxAttempts: max };
    });
    await insertJobs(db, jobs);
    const claim = { limit: 100, instance, worker: 1, token: randomUUID() };
    await claimJobs(db, { ...claim, lanes: [{ lane, threads: 1, from: LANE_START }] });
    await db.query(sql("update vinyasa.instances set beat_at = now() - interval '1 minute'"));
    return jobs.map(({ id }) => id);
  }

  async function statusOf(id: string | undefined) {
    return (await readJobs(db, [id ?? ""])).get(id ?? "")?.status;
  }

  it("tells in the log which jobs have failed with their instance, and no others", async () => {
    const [spent, left] = await running(1, 2);
    await start(true);
    await expect.poll(() => statusOf(spent), { timeout: 10_000 }).toBe("FAILED");
    await rescuer?.stop();
    expect(await statusOf(left)).toBe("PENDING");
    expect(kept.lines("job failed")).toMatchObject([
      { level: 40, jobId: spent, type: "killer", attempt: 1, code: "LOST" },
    ]);
  });

  it("declares nobody dead while its own instance comes back from a silence", async () => {
    const [job] = await running(2);
    let rounds = 0;
    await start(false, () => {
      rounds += 1;
    });
    await expect.poll(() => rounds, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
    await rescuer?.stop();
    expect(await statusOf(job)).toBe("RUNNING");
  });
});
