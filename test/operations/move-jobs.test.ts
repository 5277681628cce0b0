import { afterAll, beforeAll, expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { invalidState } from "../../src/operations/failures.ts";
import { createMoveJob, type JobMove } from "../../src/operations/move-jobs.ts";
import { readCancellations } from "../../src/store/cancellations.ts";
import { claimJobs } from "../../src/store/claim-jobs.ts";
import { DatabaseError, type Queryable } from "../../src/store/database.ts";
import { registerInstance } from "../../src/store/instances.ts";
import type { MovedJob } from "../../src/store/moved-job.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

const UNKNOWN = "0198c0de-7000-7000-8000-00000000000b";

type Item = { readonly id: string };
type Move = JobMove<Item, MovedJob>;

describeWithPostgres("a move of one job", () => {
  let store: TestStore;
  let id = "";

  beforeAll(async () => {
    store = await openTestStore();
    id = await submit();
  });

  afterAll(() => store.close());

  const submit = async (): Promise<string> => {
    const submitted = await store.operations.submitJob({ type: "anything" });
    if (submitted.kind !== "SUBMITTED") throw new Error(submitted.message);
    return submitted.job.id;
  };

  const mover = (move: Partial<Move>) =>
    createMoveJob<Item, MovedJob>(store.db, {
      move: async () => [],
      refuse: () => null,
      repeat: () => null,
      record: (job) => job,
      announce: () => {},
      ...move,
    });

  it("that misses its job looks again until it finds it", async () => {
    let looks = 0;
    const found = { id } as MovedJob;
    const move = async () => {
      looks += 1;
      return looks < 3 ? [] : [found];
    };
    const result = await mover({ move })({ id });
    expect(result).toMatchObject({ kind: "MOVED", moved: found, job: { id } });
    expect(looks).toBe(3);
  });

  it("that misses its job again and again gives up, and says so", async () => {
    await expect(mover({})({ id })).rejects.toMatchObject({
      name: "RequestError",
      code: "UNAVAILABLE",
    });
  });

  it("stops where the job as it is cannot be moved", async () => {
    const move = mover({ refuse: (job) => invalidState(job, "not now") });
    const message = `job ${id} is PENDING: not now`;
    expect(await move({ id })).toMatchObject({ kind: "INVALID_STATE", message });
  });

  it("shares a statement with all of its moment, and each caller hears of the own job", async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, submit));
    const asked: string[][] = [];
    const move = mover({
      move: async (items) => {
        asked.push(items.map((item) => item.id));
        return items.map((item) => ({ id: item.id }) as MovedJob).toReversed();
      },
    });
    const strangers = [UNKNOWN, "no id", UNKNOWN.toUpperCase()];
    const results = await Promise.all([...ids, ...strangers].map((one) => move({ id: one })));
    expect(asked).toEqual([[...ids, UNKNOWN]]);
    expect(results.slice(0, 20)).toMatchObject(ids.map((one) => ({ job: { id: one } })));
    for (const [index, name] of strangers.entries()) {
      const message = `there is no job ${name}`;
      expect(results[20 + index]).toMatchObject({ kind: "NOT_FOUND", message });
    }
  });

  it("that was made is not made again because what came after it failed", async () => {
    let moves = 0;
    const ids = [await submit(), await submit()];
    const move = mover({
      move: async (items) => {
        moves += 1;
        return items.map((item) => ({ id: item.id }) as MovedJob);
      },
      announce: () => {
        throw new DatabaseError("read-jobs", new Error("bad luck"), "22000", null);
      },
    });
    const settled = await Promise.allSettled(ids.map((one) => move({ id: one })));
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(moves).toBe(1);
  });

  it("that spoils a batch fails alone", async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, submit));
    const move = mover({
      move: async (items) => {
        if (items.some((item) => item.id === ids[5])) {
          throw new DatabaseError("cancel-jobs", new Error("a bad row"), "23514", null);
        }
        return items.map((item) => ({ id: item.id }) as MovedJob);
      },
    });
    const settled = await Promise.allSettled(ids.map((one) => move({ id: one })));
    const failed = settled.flatMap(({ status }, index) => (status === "rejected" ? [index] : []));
    expect(failed).toEqual([5]);
  });
});

/** The names of what is sent to a store. */
function namesOf(db: Queryable): string[] {
  const names: string[] = [];
  const query = db.query.bind(db);
  db.query = (statement, values) => {
    names.push(statement.name);
    return query(statement, values);
  };
  return names;
}

describeWithPostgres("2,000 cancels and retries in one moment", () => {
  const JOBS = 2_000;
  let store: TestStore;

  beforeAll(async () => {
    store = await openTestStore();
  });

  afterAll(() => store.close());

  const submitAll = async (count: number): Promise<string[]> => {
    const scheduledAt = new Date(Date.now() + 3_600_000);
    const jobs = Array.from({ length: count }, () => ({ type: "anything", scheduledAt }));
    const result = await store.operations.submitJobs(jobs, "REJECT_ALL");
    if (result.kind !== "SUBMITTED_JOBS") throw new Error(result.message);
    return result.results.flatMap((one) => (one.kind === "SUBMITTED" ? [one.job.id] : []));
  };

  it("take a few statements, and keep each caller's own wish", async () => {
    const { db, operations } = store;
    const ids = await submitAll(JOBS);
    const names = namesOf(db);
    const cancels = ids.map((id, n) => operations.cancelJob({ id, reason: n % 2 ? `${n}` : null }));
    for (const [index, answer] of (await Promise.all(cancels)).entries()) {
      expect(answer).toMatchObject({ kind: "CANCELLED", job: { id: ids[index], version: 2 } });
    }
    const times = ids.map((_, n) => (n % 2 ? new Date(4_000_000_000_000 + n) : null));
    const retries = ids.map((id, n) => operations.retryJob({ id, scheduledAt: times[n] }));
    for (const [index, answer] of (await Promise.all(retries)).entries()) {
      const status = index % 2 ? "SCHEDULED" : "PENDING";
      const job = index % 2 ? { status, scheduledAtMs: 4_000_000_000_000 + index } : { status };
      expect(answer).toMatchObject({ kind: "RETRIED", job });
    }
    for (const name of ["cancel-jobs", "retry-jobs"]) {
      expect(names.filter((one) => one === name).length).toBeLessThanOrEqual(10);
    }
    const reasons = await db.query<{ reason: string; n: number }>({
      name: "reasons",
      text: `select coalesce(message, '') as reason, count(*)::int as n from vinyasa.job_history
        where status = 7 group by 1`,
    });
    expect(reasons).toHaveLength(JOBS / 2 + 1);
    expect(reasons.find(({ reason }) => reason === "")?.n).toBe(JOBS / 2);
  });

  it("of one waiting job are one cancel, which the others find", async () => {
    const [id = ""] = await submitAll(1);
    const calls = Array.from({ length: 50 }, (_, n) =>
      store.operations.cancelJob({ id: n % 2 ? id.toUpperCase() : id, reason: `${n}` }),
    );
    const [first, ...others] = await Promise.all(calls);
    expect(first).toMatchObject({ kind: "CANCELLED", job: { status: "CANCELLED", version: 2 } });
    for (const other of others) {
      expect(other).toMatchObject({ kind: "INVALID_STATE", job: { status: "CANCELLED" } });
    }
  });

  it("of one running job all hear that it was asked for, and watchers hear it once", async () => {
    const { db, bus, lanes, operations } = store;
    const submitted = await operations.submitJob({ type: "letter", payload: { to: "you" } });
    if (submitted.kind !== "SUBMITTED") throw new Error(submitted.message);
    const { id } = submitted.job;
    const instance = await registerInstance(db, {
      ...{ uuid: "0198c0de-7000-7000-8000-00000000000a", hostname: "here", pid: 1 },
      ...{ codeVersion: 2, workers: [] },
    });
    const served = lanes.matching({ types: ["letter"] });
    const request = { lanes: served.map((lane) => ({ lane, threads: 1, from: LANE_START })) };
    const token = "00000000-0000-4000-8000-000000000001";
    await claimJobs(db, { ...request, limit: 1, instance, worker: 1, token });
    const versions: number[] = [];
    const stop = bus.onEvents((events) => versions.push(...events.map(({ version }) => version)));
    const release = await bus.announceInterest(id);
    const calls = Array.from({ length: 50 }, (_, n) =>
      operations.cancelJob({ id, reason: `${n}` }),
    );
    for (const answer of await Promise.all(calls)) {
      expect(answer).toMatchObject({ kind: "CANCELLED", job: { status: "RUNNING", version: 3 } });
    }
    expect(versions).toEqual([3]);
    expect((await readCancellations(db, [id])).get(id)).toMatchObject({ reason: "0" });
    release();
    stop();
  });
});
