import { afterAll, beforeAll, expect, it } from "vitest";
import { JOB_STATUSES, type JobStatus } from "../../src/domain/job.ts";
import type { Database } from "../../src/store/database.ts";
import { insertJobs, type NewJob } from "../../src/store/insert-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { readPayloads } from "../../src/store/read-payloads.ts";
import { readResults } from "../../src/store/read-results.ts";
import { describeBothDatabases } from "./both-databases.ts";
import { type SeedJob, seedJobs } from "./seed-jobs.ts";

const AT_MS = Date.UTC(2026, 10, 24, 7);
const at = (seconds: number) => new Date(AT_MS + seconds * 1_000).toISOString();
const UNKNOWN = "019ab3c4-0000-7000-8000-000000000000";

describeBothDatabases("reading jobs by id", (open) => {
  let db: Database;
  let lane: Lane;

  beforeAll(async () => {
    db = await open();
    const [only] = await new LaneCatalog(db).intern([{ queue: "mail", type: "email", threads: 2 }]);
    if (only === undefined) throw new Error("no lane");
    lane = only;
  });
  afterAll(() => db.close());

  async function seed(status: JobStatus, extra: Partial<SeedJob> = {}): Promise<string> {
    const job: SeedJob = {
      id: newJobId(),
      lane: lane.id,
      status,
      priority: -7,
      at: at(0),
      since: at(30),
      readyAt: at(10),
      startedAt: at(12),
      name: null,
      tags: null,
      payload: {},
      ...extra,
    };
    await seedJobs(db, [job]);
    return job.id;
  }
  const read = async (id: string) => (await readJobs(db, [id])).get(id);

  it("finds what an insert has just returned", async () => {
    const job: NewJob = {
      id: newJobId(),
      lane,
      priority: 5,
      payload: '{"to":"a"}',
      name: "Välkommen",
      tags: ['q"uote', "NULL", "a,b"],
      maxAttempts: 4,
      backoff: { kind: "FIXED", baseMs: 3_000_000_000, maxMs: 31_536_000_000, jitter: 0.25 },
      timeoutMs: 2_147_483_647,
      scheduledAtMs: null,
      expiresAtMs: 4_000_000_000_123,
      idempotencyKey: null,
      inputHash: null,
    };
    const later = { ...job, id: newJobId(), scheduledAtMs: 3_999_999_999_001, tags: [] };
    const inserted = await insertJobs(db, [job, later]);
    const found = await readJobs(db, [later.id, job.id]);
    expect(inserted.map(({ id }) => found.get(id))).toEqual(inserted);
  });

  it.each(JOB_STATUSES)("reads one that is %s, with the times that it has then", async (status) => {
    const job = await read(await seed(status));
    const final = ["COMPLETED", "FAILED", "CANCELLED"].includes(status);
    const running = status === "RUNNING";
    expect(job).toMatchObject({
      status,
      type: "email",
      queue: "mail",
      threadDemand: 2,
      priority: -7,
      version: 2,
      attempt: 1,
      attemptsLeft: 2,
      tags: [],
      scheduledAtMs: AT_MS,
      updatedAtMs: AT_MS + 30_000,
      threads: final ? 2 : running ? 1 : null,
      progress: running ? 0.3 : null,
      startedAtMs: final ? AT_MS + 12_000 : running ? AT_MS + 30_000 : null,
      finishedAtMs: final ? AT_MS + 30_000 : null,
      queueTimeMs: final ? 2_000 : running ? 20_000 : null,
    });
  });

  it("has no queue time for a job that was cancelled before it started", async () => {
    const job = await read(await seed("CANCELLED", { startedAt: null }));
    expect(job).toMatchObject({ startedAtMs: null, queueTimeMs: null });
  });

  it("never says that a job waited less than nothing", async () => {
    const job = await read(await seed("COMPLETED", { readyAt: at(15) }));
    expect(job?.queueTimeMs).toBe(0);
  });

  it("leaves out unknown ids and what is no id, and keeps the caller's spelling", async () => {
    const id = await seed("PENDING");
    const upper = id.toUpperCase();
    const found = await readJobs(db, [upper, UNKNOWN, "1", "", `${id}'`, id]);
    expect([...found.keys()].sort()).toEqual([upper, id].sort());
    expect(found.get(upper)?.id).toBe(id);
    expect(await readJobs(db, [])).toEqual(new Map());
  });

  it("finds a job exactly once while it moves from table to table", async () => {
    const id = await seed("PENDING");
    const move = {
      name: "move",
      text: `/* move */ with d as (delete from vinyasa.ready_jobs where job_id = $1 returning *)
        insert into vinyasa.scheduled_jobs (job_id, lane, priority, at, version, attempt, attempts_left)
        select job_id, lane, 0, at, version + 1, attempt, attempts_left from d`,
    };
    const back = {
      name: "back",
      text: `/* back */ with d as (delete from vinyasa.scheduled_jobs where job_id = $1 returning *)
        insert into vinyasa.ready_jobs (job_id, lane, rank, priority, at, version, attempt, attempts_left)
        select job_id, lane, 0, 0, at, version + 1, attempt, attempts_left from d`,
    };
    let moving = true;
    const mover = (async () => {
      for (let i = 0; i < 150; i += 1) await db.query(i % 2 === 0 ? move : back, [id]);
      moving = false;
    })();
    const versions: number[] = [];
    while (moving) versions.push((await read(id))?.version ?? -1);
    await mover;
    expect(versions).not.toContain(-1);
    expect(new Set(versions).size).toBeGreaterThan(5);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });

  it("reads payloads of any JSON, and results of completed jobs only", async () => {
    const values = [{ a: [1, "x", null] }, [], "text", 0, false];
    const ids = await Promise.all(
      values.map((value) => seed("COMPLETED", { payload: value, result: value })),
    );
    expect([...(await readPayloads(db, ids)).values()]).toEqual(values);
    expect([...(await readResults(db, ids)).values()]).toEqual(values);
    const without = await seed("COMPLETED");
    const failed = await seed("FAILED", { result: { a: 1 } });
    const results = await readResults(db, [without, failed, UNKNOWN]);
    expect([...results]).toEqual([[without, null]]);
    expect((await readPayloads(db, [UNKNOWN, "no uuid"])).size).toBe(0);
  });
});
