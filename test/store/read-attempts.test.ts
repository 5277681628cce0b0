import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { JobStatus } from "../../src/domain/job.ts";
import type { Database } from "../../src/store/database.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { readAttempts, readLastErrors } from "../../src/store/read-attempts.ts";
import { describeBothDatabases } from "./both-databases.ts";
import { seedJobs } from "./seed-jobs.ts";

const AT_MS = Date.UTC(2026, 10, 24, 7);
const at = (seconds: number) => new Date(AT_MS + seconds * 1_000).toISOString();

describeBothDatabases("reading attempts", (open) => {
  const uuid = randomUUID();
  let db: Database;
  let lane: number;
  let instance: number;

  beforeAll(async () => {
    db = await open();
    const lanes = await new LaneCatalog(db).intern([{ queue: "q", type: "t", threads: 1 }]);
    lane = lanes[0]?.id ?? 0;
    const [row] = await db.query<{ id: number }>(
      {
        name: "seed-instance",
        text: `/* seed-instance */ insert into vinyasa.instances
          (uuid, hostname, pid, code_version, workers) values ($1, 'h', 1, 1, '[]') returning id`,
      },
      [uuid],
    );
    instance = row?.id ?? 0;
  });
  afterAll(() => db.close());

  async function seed(status: JobStatus, attempt: number, by = instance): Promise<string> {
    const id = newJobId();
    const times = { at: at(0), since: at(30), readyAt: at(10), startedAt: at(12) };
    const job = { id, lane, status, priority: 0, name: null, tags: null, payload: {}, ...times };
    await seedJobs(db, [{ ...job, instance: by, attempt }]);
    return id;
  }

  /** @param message null: an attempt that ended without an error */
  async function addAttempt(id: string, number: number, outcome: number, message: string | null) {
    await db.query(
      {
        name: "seed-attempt",
        text: `/* seed-attempt */ insert into vinyasa.job_attempts values
          ($1, $2, $3, $4, 1, 2, $5, $6, false, $7, 'E_CODE', 'at line 1')`,
      },
      [id, number, outcome, instance, at(number), at(number + 1), message],
    );
  }

  it("lists failed ones newest first, then knows the one that runs", async () => {
    const id = await seed("RUNNING", 12);
    await addAttempt(id, 2, 2, "second");
    await addAttempt(id, 10, 6, null);
    const attempts = (await readAttempts(db, [id])).get(id);
    expect(attempts).toEqual([
      {
        number: 12,
        outcome: null,
        startedAtMs: AT_MS + 30_000,
        finishedAtMs: null,
        instance: uuid,
        worker: `${uuid}/0`,
        threads: 1,
        error: null,
      },
      {
        number: 10,
        outcome: "RELEASED",
        startedAtMs: AT_MS + 10_000,
        finishedAtMs: AT_MS + 11_000,
        instance: uuid,
        worker: `${uuid}/1`,
        threads: 2,
        error: null,
      },
      {
        number: 2,
        outcome: "FAILED",
        startedAtMs: AT_MS + 2_000,
        finishedAtMs: AT_MS + 3_000,
        instance: uuid,
        worker: `${uuid}/1`,
        threads: 2,
        error: {
          message: "second",
          code: "E_CODE",
          stack: "at line 1",
          retryable: false,
          atMs: AT_MS + 3_000,
        },
      },
    ]);
  });

  it("derives the successful attempt, and none of a job that failed or never ran", async () => {
    const completed = await seed("COMPLETED", 3);
    const failed = await seed("FAILED", 1);
    await addAttempt(failed, 1, 3, "too slow");
    const waiting = await seed("PENDING", 0);
    const found = await readAttempts(db, [waiting, failed, completed]);
    expect(found.get(completed)).toMatchObject([
      { number: 3, outcome: "COMPLETED", finishedAtMs: AT_MS + 30_000, threads: 2, error: null },
    ]);
    expect(found.get(failed)).toMatchObject([{ number: 1, outcome: "TIMED_OUT" }]);
    expect(found.has(waiting)).toBe(false);
  });

  it("still reads attempts of an instance whose row is gone", async () => {
    const id = await seed("COMPLETED", 1, 99_999);
    expect((await readAttempts(db, [id])).get(id)).toMatchObject([
      { instance: "unknown", worker: "unknown/0" },
    ]);
  });

  it("finds the newest error, past attempts that ended without one", async () => {
    const id = await seed("COMPLETED", 5);
    await addAttempt(id, 1, 2, "first");
    await addAttempt(id, 3, 5, "third");
    await addAttempt(id, 4, 7, null);
    const fine = await seed("COMPLETED", 1);
    const errors = await readLastErrors(db, [id, fine]);
    expect([...errors]).toEqual([
      [
        id,
        {
          message: "third",
          code: "E_CODE",
          stack: "at line 1",
          retryable: false,
          atMs: AT_MS + 4_000,
          attempt: 3,
        },
      ],
    ]);
  });
});
