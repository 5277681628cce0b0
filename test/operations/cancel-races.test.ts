import { afterAll, beforeAll, expect, it } from "vitest";
import { type JobStatus, statusFromCode } from "../../src/domain/job.ts";
import { LANE_START } from "../../src/domain/lane-place.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { CancelJobResult } from "../../src/operations/cancel-job.ts";
import { type CancelledJob, cancelJobs } from "../../src/store/cancel-jobs.ts";
import { type ClaimedJob, claimJobs } from "../../src/store/claim-jobs.ts";
import type { Queryable } from "../../src/store/database.ts";
import { endAttempts } from "../../src/store/end-attempts.ts";
import { finishJobs } from "../../src/store/finish-jobs.ts";
import { promoteJobs } from "../../src/store/promote-jobs.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { writeProgress } from "../../src/store/write-progress.ts";
import { executorOf } from "../engine/executors.ts";
import { openStage } from "../engine/open-stage.ts";
import type { Stage } from "../engine/stage.ts";
import { sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { registerTestInstance } from "../support/test-instance.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

const TOKEN = "00000000-0000-4000-8000-000000000001";

describeWithPostgres("a cancel that meets another move of its job", () => {
  let store: TestStore;
  let instance: number;

  beforeAll(async () => {
    store = await openTestStore();
    instance = (await registerTestInstance(store.db)).id;
  });

  afterAll(() => store.close());

  const submit = async (scheduledAt?: Date): Promise<string> => {
    const input = { type: "anything", payload: {}, ...(scheduledAt && { scheduledAt }) };
    const result = await store.operations.submitJob(input);
    if (result.kind !== "SUBMITTED") throw new Error(result.message);
    return result.job.id;
  };

  const claim = async (db: Queryable, id: string): Promise<ClaimedJob> => {
    const [lane] = store.lanes.matching({ types: ["anything"] });
    if (lane === undefined) throw new Error("no lane");
    const request = { lanes: [{ lane, threads: 1, from: LANE_START }], limit: 100 };
    const { jobs } = await claimJobs(db, { ...request, instance, worker: 1, token: TOKEN });
    const job = jobs.find((one) => one.id === id);
    if (job === undefined) throw new Error("the job was not claimed");
    return job;
  };

  const cancel = async (db: Queryable, id: string): Promise<CancelledJob | undefined> =>
    (await cancelJobs(db, [id], "raced"))[0];

  const finish = (db: Queryable, { id, attempt, token }: ClaimedJob) =>
    finishJobs(db, [{ id, attempt, token, startDelayMs: 0, result: "1" }]);

  const fail = (db: Queryable, { id, attempt, token, attemptsLeft }: ClaimedJob) => {
    const next = { status: "SCHEDULED", delayMs: 10, attemptsLeft } as const;
    const error = { message: "broke", code: null, stack: null, retryable: true };
    return endAttempts(db, [
      { id, attempt, token, startDelayMs: 0, outcome: "FAILED", error, next },
    ]);
  };

  /** Resolves when `count` statements wait for a lock. */
  const untilBlocked = async (count = 1): Promise<void> => {
    const waiting = sql(`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`);
    while ((await store.db.query(waiting)).length < count) await new Promise(setImmediate);
  };

  /** `first` and, while its transaction is open, `second`, which then waits for it. */
  const inTurn = async <A, B>(
    first: (db: Queryable) => Promise<A>,
    second: () => Promise<B>,
  ): Promise<[A, B]> => {
    let later: Promise<B> | null = null;
    const a = await store.db.transaction("first", async (tx) => {
      const result = await first(tx);
      later = second();
      await untilBlocked();
      return result;
    });
    if (later === null) throw new Error("the second never began");
    return [a, await later];
  };

  /** Of every table that holds a row of it. */
  const statusesOf = async (id: string): Promise<JobStatus[]> => {
    const rows = await store.db.query<{ status: number }>(
      sql(`select 1 as status from vinyasa.blocked_jobs where job_id = $1::uuid
        union all select 2 from vinyasa.scheduled_jobs where job_id = $1::uuid
        union all select 3 from vinyasa.ready_jobs where job_id = $1::uuid
        union all select 4 from vinyasa.running_jobs where job_id = $1::uuid
        union all select status from vinyasa.finished_jobs where job_id = $1::uuid`),
      [id],
    );
    return rows.map(({ status }) => statusFromCode(status));
  };

  it("is kept by a failure that was about to schedule the next attempt", async () => {
    const id = await submit();
    const claimed = await claim(store.db, id);
    const [asked, ended] = await inTurn(
      (tx) => cancel(tx, id),
      () => fail(store.db, claimed),
    );
    expect(asked?.to).toBe("RUNNING");
    expect(ended).toMatchObject([{ id, status: "CANCELLED" }]);
    expect(await statusesOf(id)).toEqual(["CANCELLED"]);
  });

  it("finds the job where a failure has just put it", async () => {
    const id = await submit();
    const claimed = await claim(store.db, id);
    const [, answer] = await inTurn(
      (tx) => fail(tx, claimed),
      () => store.operations.cancelJob({ id }),
    );
    expect(answer).toMatchObject({ kind: "CANCELLED", job: { status: "CANCELLED" } });
    expect(await statusesOf(id)).toEqual(["CANCELLED"]);
  });

  it("changes nothing of a completion that had to wait for it", async () => {
    const id = await submit();
    const claimed = await claim(store.db, id);
    const [, finished] = await inTurn(
      (tx) => cancel(tx, id),
      () => finish(store.db, claimed),
    );
    expect(finished.versions).toEqual([4]);
    expect(await statusesOf(id)).toEqual(["COMPLETED"]);
  });

  it("is refused after a completion that it had to wait for", async () => {
    const id = await submit();
    const claimed = await claim(store.db, id);
    const [, answer] = await inTurn(
      (tx) => finish(tx, claimed),
      () => store.operations.cancelJob({ id }),
    );
    expect(answer).toMatchObject({ kind: "INVALID_STATE", job: { status: "COMPLETED" } });
    expect(await statusesOf(id)).toEqual(["COMPLETED"]);
  });

  it("reaches the instance that has just claimed the job", async () => {
    const id = await submit();
    const [, answer] = await inTurn(
      (tx) => claim(tx, id),
      () => store.operations.cancelJob({ id }),
    );
    expect(answer).toMatchObject({ kind: "CANCELLED", job: { status: "RUNNING", version: 3 } });
    expect(await statusesOf(id)).toEqual(["RUNNING"]);
  });

  it("finds the job that has just been promoted", async () => {
    const id = await submit(new Date(Date.now() + 3_600_000));
    const due = "update vinyasa.scheduled_jobs set at = clock_timestamp() where job_id = $1::uuid";
    await store.db.query(sql(due), [id]);
    const [, answer] = await inTurn(
      (tx) => promoteJobs(tx, 10),
      () => store.operations.cancelJob({ id }),
    );
    expect(answer).toMatchObject({ kind: "CANCELLED", job: { status: "CANCELLED", version: 3 } });
    expect(await statusesOf(id)).toEqual(["CANCELLED"]);
  });

  it("and another cancel agree on one reason, whichever comes first", async () => {
    const id = await submit();
    await claim(store.db, id);
    const [, answer] = await inTurn(
      (tx) => cancel(tx, id),
      () => store.operations.cancelJob({ id, reason: "second" }),
    );
    expect(answer).toMatchObject({ kind: "CANCELLED", job: { status: "RUNNING", version: 3 } });
    const reason = "select reason from vinyasa.cancellations where job_id = $1::uuid";
    expect(await store.db.query(sql(reason), [id])).toEqual([{ reason: "raced" }]);
  });

  it("of two retries lets one through", async () => {
    const id = await submit();
    await store.operations.cancelJob({ id });
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => store.operations.retryJob({ id })),
    );
    const kinds = answers.map(({ kind }) => kind).toSorted();
    expect(kinds).toEqual([...Array(7).fill("INVALID_STATE"), "RETRIED"]);
    expect(await statusesOf(id)).toEqual(["PENDING"]);
    await store.operations.cancelJob({ id });
  });

  it("leaves one row of a job whose progress was written while it finished", async () => {
    const id = await submit();
    const claimed = await claim(store.db, id);
    const { attempt, token } = claimed;
    const [, finished] = await inTurn(
      (tx) => writeProgress(tx, [{ id, attempt, token, progress: 0.9 }]),
      () => finish(store.db, claimed),
    );
    expect(finished.versions).toEqual([4]);
    expect(await statusesOf(id)).toEqual(["COMPLETED"]);
  });
});

describeWithPostgres("5,000 cancels racing their jobs' completions", () => {
  const CLIENTS = 24;
  let stage: Stage;
  let engines: Engine[];

  beforeAll(async () => {
    stage = await openStage();
    const brief = executorOf("brief", () => new Promise((resolve) => setTimeout(resolve, 1)));
    const start = () => stage.startEngine([brief], { workerThreads: [20] });
    engines = await Promise.all([start(), start()]);
  });

  afterAll(() => stage.close());

  /** Clients that ask one after the other, in an order that meets waiting, running and ended jobs. */
  const cancelAll = async (ids: readonly string[]): Promise<Map<string, CancelJobResult>> => {
    const left = ids.toSorted((a, b) => a.slice(-6).localeCompare(b.slice(-6)));
    const answers = new Map<string, CancelJobResult>();
    const client = async () => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) {
        answers.set(id, await stage.operations.cancelJob({ id }));
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    return answers;
  };

  it("leave each job in one final state, with which the answer agrees", async () => {
    const wish = { type: "brief", maxAttempts: 1 };
    const stored = await stage.submit(...Array.from({ length: 5_000 }, () => wish));
    const ids = stored.map(({ id }) => id);
    const answers = await cancelAll(ids);
    for (const id of ids) await stage.ended(id);
    const jobs = await readJobs(stage.db, ids);
    const seen = new Set<string>();
    for (const [id, answer] of answers) {
      const told = answer.kind === "NOT_FOUND" ? "nothing" : answer.job.status;
      seen.add(`${answer.kind} ${told}, then ${jobs.get(id)?.status}`);
    }
    const agreeing = [
      "CANCELLED CANCELLED, then CANCELLED",
      "CANCELLED RUNNING, then CANCELLED",
      "CANCELLED RUNNING, then COMPLETED",
      "INVALID_STATE COMPLETED, then COMPLETED",
    ];
    expect([...seen].filter((pair) => !agreeing.includes(pair))).toEqual([]);
    expect(seen.size).toBeGreaterThan(1);
    const left = sql(`select (select count(*)::int from vinyasa.ready_jobs) as ready,
      (select count(*)::int from vinyasa.running_jobs) as running,
      (select count(*)::int from vinyasa.finished_jobs) as ended`);
    expect(await stage.db.query(left)).toEqual([{ ready: 0, running: 0, ended: 5_000 }]);
    expect(engines.map(({ staleWrites }) => staleWrites)).toEqual([0, 0]);
  });
});
