import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { cancelJobs } from "../../src/store/cancel-jobs.ts";
import { type ClaimedJob, claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { endAttempts } from "../../src/store/end-attempts.ts";
import { insertJobs } from "../../src/store/insert-jobs.ts";
import { registerInstance } from "../../src/store/instances.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { promoteJobs } from "../../src/store/promote-jobs.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { releaseClaims, rescueJobs } from "../../src/store/rescue-jobs.ts";
import { retryJobs } from "../../src/store/retry-jobs.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { sql } from "./statements.ts";

const log = pino({ level: "silent" });
const HOUR = 3_600_000;

describeWithPostgres("a job with an expiry that becomes ready", () => {
  let db: Database;
  let lane: Lane;
  let instance: number;

  beforeEach(async () => {
    const { url } = await createTestDatabase();
    db = await openPostgres({ url, poolMax: 4, role: "engine", log });
    const [made] = await new LaneCatalog(db).intern([{ queue: "q", type: "t", threads: 1 }]);
    if (made === undefined) throw new Error("no lane");
    lane = made;
    const spec = { hostname: "test", pid: 1, codeVersion: 1, workers: [] };
    instance = await registerInstance(db, { ...spec, uuid: randomUUID() });
  });

  afterEach(() => db.close());

  async function submit(scheduledAtMs: number | null): Promise<string> {
    const expiresAtMs = Date.now() + 2 * HOUR;
    const job = { ...PLAIN_JOB, id: newJobId(), lane, scheduledAtMs, expiresAtMs };
    await insertJobs(db, [job]);
    return job.id;
  }

  async function claim(): Promise<ClaimedJob[]> {
    const request = { limit: 10, instance, worker: 1, token: randomUUID() };
    const lanes = [{ lane, threads: 1, from: LANE_START }];
    return (await claimJobs(db, { ...request, lanes })).jobs;
  }

  async function running(): Promise<ClaimedJob> {
    await submit(null);
    const [job] = await claim();
    if (job === undefined) throw new Error("nothing was claimed");
    return job;
  }

  const moves: [string, () => Promise<string>][] = [
    [
      "by its time",
      async () => {
        const id = await submit(Date.now() + HOUR);
        await db.query(sql("update vinyasa.scheduled_jobs set at = now()"));
        await promoteJobs(db, 10);
        return id;
      },
    ],
    [
      "by its release",
      async () => {
        const { id, attempt, token, attemptsLeft } = await running();
        const next = { status: "PENDING", delayMs: 0, attemptsLeft } as const;
        const ended = { id, attempt, token, startDelayMs: 0, outcome: "RELEASED" } as const;
        await endAttempts(db, [{ ...ended, error: null, next }]);
        return id;
      },
    ],
    [
      "by a claim without an answer",
      async () => {
        const { id, token } = await running();
        await releaseClaims(db, instance, [{ id, token }]);
        return id;
      },
    ],
    [
      "by a rescue",
      async () => {
        const { id } = await running();
        await rescueJobs(db, [instance], new Map([[lane.id, lane.id]]), 10);
        return id;
      },
    ],
    [
      "by a retry",
      async () => {
        const id = await submit(null);
        await cancelJobs(db, [id], null);
        await retryJobs(db, [id], null);
        return id;
      },
    ],
  ];

  it.each(moves)(
    "%s is not claimed once that has passed, and no attempt is spent",
    async (_, to) => {
      const id = await to();
      const before = (await readJobs(db, [id])).get(id);
      expect(before?.status).toBe("PENDING");
      // As if two hours had gone by.
      const passed = sql("update vinyasa.ready_jobs set expires_at = expires_at - interval '3 h'");
      await db.query(passed);
      expect(await claim()).toEqual([]);
      const after = (await readJobs(db, [id])).get(id);
      expect(after).toMatchObject({ status: "PENDING", attemptsLeft: before?.attemptsLeft });
    },
  );
});
