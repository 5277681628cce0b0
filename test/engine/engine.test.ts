import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import type { JobRecord } from "../../src/domain/job-record.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineOptions } from "../../src/engine/engine-options.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { defineExecutor, type Executor } from "../../src/executors/define-executor.ts";
import { NonRetryableError, PostponeError } from "../../src/executors/errors.ts";
import { Registry } from "../../src/executors/registry.ts";
import { claimJobs, LANE_START } from "../../src/store/claim-jobs.ts";
import { type Database, DatabaseError } from "../../src/store/database.ts";
import { insertJobs, type NewJob } from "../../src/store/insert-jobs.ts";
import { registerInstance } from "../../src/store/instances.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { readAttempts } from "../../src/store/read-attempts.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { readResults } from "../../src/store/read-results.ts";
import { releaseClaims } from "../../src/store/rescue-jobs.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import {
  createTestDatabase,
  describeWithPostgres,
  type TestDatabase,
} from "../support/postgres.ts";
import { keptLog } from "./kept-log.ts";

const log = pino({ level: "silent" });
const anything = z.looseObject({});

let database: TestDatabase;
let db: Database;
let bus: InProcessBus;
let lanes: LaneCatalog;
let engines: Engine[] = [];
let unhang = new AbortController();

beforeEach(async () => {
  database = await createTestDatabase();
  db = await openPostgres({ url: database.url, poolMax: 8, role: "engine", log });
  lanes = new LaneCatalog(db);
  bus = new InProcessBus(log);
  await bus.start();
});

afterEach(async () => {
  unhang.abort();
  unhang = new AbortController();
  await Promise.all(engines.map((engine) => engine.stop(0)));
  engines = [];
  await bus.stop();
  await db.close();
  await database.drop();
});

async function startEngine(
  executors: readonly Executor[],
  options: Partial<EngineOptions> = {},
): Promise<Engine> {
  const engine = new Engine({
    db,
    heartbeatDb: db,
    bus,
    lanes,
    executors: new Registry(executors),
    log,
    workerThreads: [4],
    queues: null,
    pollIntervalMs: 200,
    leaseMs: 2_000,
    heartbeatMs: 100,
    ...options,
  });
  engines.push(engine);
  await engine.start();
  return engine;
}

interface Wish extends Partial<Omit<NewJob, "lane">> {
  readonly type: string;
  readonly queue?: string;
  readonly threads?: number;
}

async function submit(...wishes: Wish[]): Promise<JobRecord[]> {
  const specs = wishes.map(({ type, queue = "default", threads = 1 }) => ({
    type,
    queue,
    threads,
  }));
  const found = await lanes.intern(specs);
  const jobs = wishes.map(({ type: _type, queue: _queue, threads: _threads, ...wish }, index) => {
    const lane = found[index];
    if (lane === undefined) throw new Error("no lane");
    return { ...PLAIN_JOB, id: newJobId(), ...wish, lane };
  });
  const records = await insertJobs(db, jobs);
  bus.wake({ lanes: found.map((lane) => lane.id) });
  return records;
}

/** Resolves with the job once `wanted` holds for it; the test's own timeout is the limit. */
async function until(id: string, wanted: (job: JobRecord) => boolean): Promise<JobRecord> {
  return new Promise((resolve, reject) => {
    const look = async () => {
      const job = (await readJobs(db, [id])).get(id);
      if (job !== undefined && wanted(job)) return resolve(job);
      setTimeout(() => void look().catch(reject), 5);
    };
    look().catch(reject);
  });
}

const ended = (job: JobRecord) => ["COMPLETED", "FAILED", "CANCELLED"].includes(job.status);

async function submitOne(wish: Wish): Promise<JobRecord> {
  const [job] = await submit(wish);
  if (job === undefined) throw new Error("nothing was stored");
  return job;
}

/** An executor whose runs wait until the test lets them go. */
function heldExecutor(type: string) {
  const started: string[] = [];
  const releases: (() => void)[] = [];
  const signals: AbortSignal[] = [];
  let onStart = () => {};
  const executor = defineExecutor({
    type,
    description: "waits",
    payload: anything,
    parallelizable: true,
    run: (_payload, context) => {
      started.push(context.jobId);
      signals.push(context.signal);
      onStart();
      return new Promise<null>((resolve) => releases.push(() => resolve(null)));
    },
  });
  const whenStarted = (count: number) =>
    new Promise<void>((resolve) => {
      onStart = () => {
        if (started.length >= count) resolve();
      };
      onStart();
    });
  return { executor, started, signals, releases, whenStarted };
}

describeWithPostgres("the engine", () => {
  it("runs a submitted job and keeps its result", async () => {
    const double = defineExecutor({
      type: "double",
      description: "doubles",
      payload: z.object({ n: z.number() }),
      run: ({ n }) => ({ doubled: 2 * n }),
    });
    await startEngine([double]);
    const { id } = await submitOne({ type: "double", payload: '{"n":21}' });
    const job = await until(id, ended);
    expect(job).toMatchObject({ status: "COMPLETED", attempt: 1, attemptsLeft: 2, version: 3 });
    expect((await readResults(db, [id])).get(id)).toEqual({ doubled: 42 });
  });

  it("tries a failing job again after its back-off, and keeps each error", async () => {
    const flaky = defineExecutor({
      type: "flaky",
      description: "fails twice",
      payload: anything,
      run: (_payload, { attempt }) => {
        if (attempt < 3) throw new Error(`not yet ${attempt}`);
        return attempt;
      },
    });
    await startEngine([flaky]);
    const { id } = await submitOne({ type: "flaky" });
    const job = await until(id, ended);
    expect(job).toMatchObject({ status: "COMPLETED", attempt: 3, attemptsLeft: 0 });
    const attempts = (await readAttempts(db, [id])).get(id) ?? [];
    expect(attempts.map((a) => [a.number, a.outcome, a.error?.message ?? null])).toEqual([
      [3, "COMPLETED", null],
      [2, "FAILED", "not yet 2"],
      [1, "FAILED", "not yet 1"],
    ]);
    const [third, second, first] = attempts;
    const waits = [
      (second?.startedAtMs ?? 0) - (first?.finishedAtMs ?? 0),
      (third?.startedAtMs ?? 0) - (second?.finishedAtMs ?? 0),
    ];
    expect(waits[0]).toBeGreaterThanOrEqual(19);
    expect(waits[1]).toBeGreaterThanOrEqual(39);
  });

  it("fails a job when its attempts are spent, or when no retry can mend it", async () => {
    const broken = defineExecutor({
      type: "broken",
      description: "fails",
      payload: z.looseObject({ fatal: z.boolean().optional() }),
      run: ({ fatal }) => {
        throw fatal === true ? new NonRetryableError("for good") : new Error("once more");
      },
    });
    await startEngine([broken]);
    const [spent, fatal] = await submit(
      { type: "broken", maxAttempts: 2 },
      { type: "broken", payload: '{"fatal":true}' },
    );
    expect(await until(spent?.id ?? "", ended)).toMatchObject({ status: "FAILED", attempt: 2 });
    expect(await until(fatal?.id ?? "", ended)).toMatchObject({ status: "FAILED", attempt: 1 });
  });

  it("survives whatever an executor throws", async () => {
    const things = [undefined, null, 0, "text\u0000with NUL", Object.create(null), Symbol("x")];
    const odd = defineExecutor({
      type: "odd",
      description: "throws things",
      payload: z.object({ index: z.number() }),
      run: ({ index }) => {
        throw things[index];
      },
    });
    await startEngine([odd]);
    const jobs = await submit(
      ...things.map((_, index) => ({
        type: "odd",
        payload: JSON.stringify({ index }),
        maxAttempts: 1,
      })),
    );
    for (const { id } of jobs) expect((await until(id, ended)).status).toBe("FAILED");
  });

  it("times a job out at its deadline and tells it to stop", async () => {
    const { executor, signals, whenStarted } = heldExecutor("slow");
    await startEngine([executor]);
    const { id } = await submitOne({ type: "slow", timeoutMs: 50, maxAttempts: 1 });
    await whenStarted(1);
    const job = await until(id, ended);
    expect(job.status).toBe("FAILED");
    expect(signals[0]?.aborted).toBe(true);
    const [attempt] = (await readAttempts(db, [id])).get(id) ?? [];
    expect(attempt).toMatchObject({ outcome: "TIMED_OUT", error: { code: "TIMED_OUT" } });
  });

  it("postpones without spending an attempt", async () => {
    const patient = defineExecutor({
      type: "patient",
      description: "waits for its turn",
      payload: anything,
      run: (_payload, { attempt }) => {
        if (attempt === 1) throw new PostponeError(10);
        return "done";
      },
    });
    await startEngine([patient]);
    const { id } = await submitOne({ type: "patient", maxAttempts: 1 });
    expect(await until(id, ended)).toMatchObject({ status: "COMPLETED", attempt: 2 });
    const attempts = (await readAttempts(db, [id])).get(id) ?? [];
    expect(attempts.map((attempt) => attempt.outcome)).toEqual(["COMPLETED", "POSTPONED"]);
  });

  it("starts a scheduled job when its time has come, not before", async () => {
    const quick = defineExecutor({
      type: "quick",
      description: "does nothing",
      payload: anything,
      run: () => null,
    });
    await startEngine([quick], { pollIntervalMs: 10_000 });
    const dueAtMs = Date.now() + 1_500;
    const { id, status } = await submitOne({ type: "quick", scheduledAtMs: dueAtMs });
    bus.wake({ dueAtMs });
    expect(status).toBe("SCHEDULED");
    const job = await until(id, ended);
    expect(job.startedAtMs ?? 0).toBeGreaterThanOrEqual(dueAtMs);
  });

  it("prefers higher priority, then earlier submits, across lanes", async () => {
    const { executor, started, releases, whenStarted } = heldExecutor("held");
    await startEngine([executor], { workerThreads: [1] });
    const blocker = await submitOne({ type: "held" });
    await whenStarted(1);
    const jobs = await submit(
      { type: "held", queue: "a", priority: 0 },
      { type: "held", queue: "b", priority: 5 },
      { type: "held", queue: "a", priority: 5 },
      { type: "held", queue: "c", priority: -1 },
    );
    for (let count = 2; count <= 5; count += 1) {
      releases.shift()?.();
      await whenStarted(count);
    }
    const [a0, b5, a5, c] = jobs.map((job) => job.id);
    expect(started).toEqual([blocker.id, b5, a5, a0, c]);
    releases.shift()?.();
  });

  it("never runs more threads than a worker has, and a job that wants too many runs on one", async () => {
    const { executor, started, releases, whenStarted } = heldExecutor("wide");
    await startEngine([executor], { workerThreads: [4] });
    const [first, second, third] = await submit(
      { type: "wide", threads: 3 },
      { type: "wide", threads: 3 },
      { type: "wide", threads: 64 },
    );
    await whenStarted(2);
    expect(started.toSorted()).toEqual([first?.id, third?.id].toSorted());
    expect(await until(third?.id ?? "", (job) => job.status === "RUNNING")).toMatchObject({
      threads: 1,
    });
    releases[started.indexOf(first?.id ?? "")]?.();
    await whenStarted(3);
    expect(started).toContain(second?.id);
    for (const release of releases) release();
  });

  it("lets a wide job through on a worker that narrow ones keep busy", async () => {
    let running = true;
    const narrow = defineExecutor({
      type: "narrow",
      description: "keeps threads busy",
      payload: anything,
      run: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (running) void submit({ type: "narrow" });
        return null;
      },
    });
    const { executor, releases, whenStarted } = heldExecutor("wide");
    await startEngine([narrow, executor], { workerThreads: [2] });
    await submit(...Array.from({ length: 8 }, () => ({ type: "narrow" })));
    await submit({ type: "wide", threads: 2 });
    await whenStarted(1);
    running = false;
    releases.shift()?.();
  });

  it("claims large jobs without their payloads, which are read as they start", async () => {
    const text = "x".repeat(300_000);
    const seen: number[] = [];
    const large = defineExecutor({
      type: "large",
      description: "Measures its payload.",
      payload: z.object({ text: z.string() }),
      run: (payload) => {
        seen.push(payload.text.length);
        return null;
      },
    });
    const wishes = Array.from({ length: 60 }, () => ({
      type: "large",
      payload: JSON.stringify({ text }),
    }));
    const jobs = await submit(...wishes);
    const lanesNow = await lanes.intern([{ type: "large", queue: "default", threads: 1 }]);
    const request = lanesNow.map((lane) => ({ lane, threads: 1, from: LANE_START }));
    const instance = await registerInstance(db, {
      ...{ uuid: randomUUID(), hostname: "test", pid: 1, codeVersion: 1, workers: [] },
    });
    const claim = { lanes: request, limit: 10, instance, worker: 1, token: randomUUID() };
    const claimed = await claimJobs(db, claim);
    expect(claimed.jobs.map(({ payload }) => payload)).toEqual(Array(10).fill(null));
    await releaseClaims(db, instance, claimed.jobs);
    await startEngine([large]);
    await Promise.all(jobs.map(({ id }) => until(id, ({ status }) => status === "COMPLETED")));
    expect(seen).toEqual(Array(60).fill(text.length));
  });

  it("cancels a job that was not started before it expired", async () => {
    const { executor, started } = heldExecutor("held");
    await startEngine([executor]);
    const expiresAtMs = Date.now() - 1;
    const { id } = await submitOne({ type: "held", expiresAtMs });
    expect(await until(id, ended)).toMatchObject({ status: "CANCELLED", attempt: 0 });
    expect(started).toEqual([]);
  });

  it("starts nothing that expired while it was read ahead, and gives the rest back in time", async () => {
    const fast = { slow: false };
    const { executor: held, releases, started, whenStarted } = heldExecutor("mixed");
    const mixed = defineExecutor({
      type: "mixed",
      description: "is fast at first",
      payload: anything,
      run: (payload, context) => (fast.slow ? held.run(payload, context) : null),
    });
    await startEngine([mixed], { workerThreads: [1], pollIntervalMs: 60_000 });
    const warm = await submit(...Array.from({ length: 300 }, () => ({ type: "mixed" })));
    // In their order on one thread: with the last one all have ended, and none of them is held below.
    await until(warm.at(-1)?.id ?? "", ended);
    fast.slow = true;
    const expiresAtMs = Date.now() + 2_000;
    const jobs = await submit(
      ...Array.from({ length: 20 }, () => ({ type: "mixed", expiresAtMs })),
      { type: "mixed" },
    );
    await whenStarted(1);
    // Read ahead for a thread that does not come free: given back, and so open to other instances.
    const last = jobs.at(-1)?.id ?? "";
    const waiting = await until(last, (job) => job.status === "PENDING" && job.attempt !== 0);
    expect(waiting.attemptsLeft).toBe(3);
    for (const job of jobs.slice(1, -1)) {
      const state = await until(job.id, ended);
      expect([state.status, started.includes(job.id)]).toEqual(["CANCELLED", false]);
    }
    releases.shift()?.();
    await whenStarted(2);
    expect(started[1]).toBe(last);
    releases.shift()?.();
  });

  it("cancels an expired job also where nobody comes to claim it", async () => {
    await startEngine([]);
    const { id } = await submitOne({ type: "unknown", expiresAtMs: Date.now() + 50 });
    expect((await until(id, ended)).status).toBe("CANCELLED");
  });

  it("serves only its queues", async () => {
    const { executor, started, releases, whenStarted } = heldExecutor("held");
    await startEngine([executor], { queues: ["mine"] });
    const [theirs, mine] = await submit(
      { type: "held", queue: "theirs" },
      { type: "held", queue: "mine" },
    );
    await whenStarted(1);
    expect(started).toEqual([mine?.id]);
    expect((await readJobs(db, [theirs?.id ?? ""])).get(theirs?.id ?? "")?.status).toBe("PENDING");
    releases.shift()?.();
  });

  it("gives running jobs back at the end of the grace time, without spending an attempt", async () => {
    const { executor, signals, whenStarted } = heldExecutor("held");
    const engine = await startEngine([executor]);
    const { id } = await submitOne({ type: "held", maxAttempts: 1 });
    await whenStarted(1);
    await engine.stop(10);
    expect(signals[0]?.aborted).toBe(true);
    const job = (await readJobs(db, [id])).get(id);
    expect(job).toMatchObject({ status: "PENDING", attempt: 1, attemptsLeft: 1 });
    const [attempt] = (await readAttempts(db, [id])).get(id) ?? [];
    expect(attempt?.outcome).toBe("RELEASED");
  });

  it("waits for running jobs within the grace time, and says so", async () => {
    const { executor, releases, whenStarted } = heldExecutor("held");
    const { log: kept, lines } = keptLog();
    const engine = await startEngine([executor], { log: kept });
    const { id } = await submitOne({ type: "held" });
    await whenStarted(1);
    const stopped = engine.stop(20_000);
    await expect.poll(() => lines("waiting for running jobs to end")).toHaveLength(1);
    const [line] = lines("waiting for running jobs to end");
    expect(line).toMatchObject({ level: 30, running: 1, graceMs: 20_000 });
    expect(line?.msg).toContain("a second signal stops at once");
    releases.shift()?.();
    await stopped;
    expect((await readJobs(db, [id])).get(id)?.status).toBe("COMPLETED");
  });

  it("takes back the jobs of an instance that died, and refuses its late outcomes", async () => {
    const dying = heldExecutor("held");
    // The zombie itself would only notice after 48 s: by then its job runs elsewhere.
    const hung = { heartbeatDb: silent(db), leaseMs: 60_000 };
    const zombie = await startEngine([dying.executor], hung);
    const { id } = await submitOne({ type: "held" });
    await dying.whenStarted(1);
    const rescuing = heldExecutor("held");
    await startEngine([rescuing.executor], { leaseMs: 1_500 });
    await rescuing.whenStarted(1);
    dying.releases.shift()?.();
    await untilTrue(() => zombie.staleWrites === 1);
    expect((await readJobs(db, [id])).get(id)).toMatchObject({ status: "RUNNING", attempt: 2 });
    rescuing.releases.shift()?.();
    expect(await until(id, ended)).toMatchObject({ status: "COMPLETED", attempt: 2 });
    const attempts = (await readAttempts(db, [id])).get(id) ?? [];
    expect(attempts.map((attempt) => attempt.outcome)).toEqual(["COMPLETED", "LOST"]);
  });

  it.each([
    // Far sooner than it gives up on answers in general, after 40 s.
    { how: "whose connection broke", options: {}, breaks: true },
    { how: "that got lost here", options: { reconcileAfterMs: 200 }, breaks: false },
  ])("gives back the job of a committed claim $how", async ({ options, breaks }) => {
    const { executor, releases, started, whenStarted } = heldExecutor("held");
    let lost = 0;
    const lossy: Database = {
      ...wrapped(db),
      query: async (statement, values) => {
        const rows = await db.query(statement, values);
        if (statement.name !== "claim-lane" || rows.length === 0 || lost > 0) return rows as never;
        lost += 1;
        if (!breaks) return [];
        throw new DatabaseError(statement.name, new Error("the connection broke"), null, null);
      },
    };
    await startEngine([executor], { db: lossy, ...options });
    const { id } = await submitOne({ type: "held" });
    await whenStarted(1);
    expect([lost, started]).toEqual([1, [id]]);
    expect((await readJobs(db, [id])).get(id)).toMatchObject({ attempt: 2, attemptsLeft: 2 });
    releases.shift()?.();
  });

  it("drops its jobs by itself when its heartbeat cannot reach the database", async () => {
    const { executor, signals, whenStarted } = heldExecutor("held");
    await startEngine([executor], { heartbeatDb: silent(db), leaseMs: 3_000 });
    await submitOne({ type: "held" });
    await whenStarted(1);
    await untilTrue(() => signals[0]?.aborted === true);
  });
});

async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

/** The database as an instance sees it whose heartbeats never arrive: the first one registers it. */
function silent(real: Database): Database {
  const { signal } = unhang;
  return {
    ...wrapped(real),
    query: (statement, values) =>
      statement.name === "register-instance" ? real.query(statement, values) : rejectedOn(signal),
  };
}

function wrapped(real: Database): Database {
  return {
    kind: real.kind,
    query: (statement, values) => real.query(statement, values),
    transaction: (name, work) => real.transaction(name, work),
    script: (sql) => real.script(sql),
    describe: () => real.describe(),
    maintain: () => real.maintain(),
    close: async () => {},
  };
}

function rejectedOn(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
