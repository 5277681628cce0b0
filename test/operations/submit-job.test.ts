import { afterAll, beforeAll, expect, test } from "vitest";
import type { JobEvent } from "../../src/domain/event.ts";
import type { WakeUp } from "../../src/events/bus.ts";
import { createOperations } from "../../src/operations/index.ts";
import type { SubmitJobResult } from "../../src/operations/submit-job.ts";
import { type Database, DatabaseError } from "../../src/store/database.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { readPayloads } from "../../src/store/read-payloads.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { withQuery } from "../support/with-query.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

function submitted(result: SubmitJobResult) {
  if (result.kind !== "SUBMITTED") throw new Error(`it was ${JSON.stringify(result)}`);
  return result;
}

/** `db` with its statements counted by name. */
function counting(db: Database): { db: Database; count: (name: string) => number } {
  const counts = new Map<string, number>();
  const counted = withQuery(db, (statement, values) => {
    counts.set(statement.name, (counts.get(statement.name) ?? 0) + 1);
    return db.query(statement, values);
  });
  return { db: counted, count: (name) => counts.get(name) ?? 0 };
}

describeWithPostgres("submitJob", () => {
  let store: TestStore;

  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(() => store.close());

  test("stores a job that reads back as it was answered", async () => {
    const { operations, db } = store;
    const scheduledAt = new Date(Date.now() + 60_000);
    const input = {
      type: "letter",
      payload: { to: "Ada", extra: [1.5, null, "\u{1F600}"] },
      name: "a letter",
      queue: "post",
      priority: -5,
      threadDemand: 2,
      scheduledAt,
      expiresAt: new Date(scheduledAt.getTime() + 1),
      maxAttempts: 9,
      backoff: { kind: "FIXED" as const, baseMs: 10, maxMs: 20, jitter: 0.5 },
      timeoutMs: 1_234,
      tags: ["a", 'b"\\,{}'],
      idempotencyKey: "stores",
    };
    const { job, created } = submitted(await operations.submitJob(input));
    expect(created).toBe(true);
    expect(job).toMatchObject({
      type: "letter",
      name: "a letter",
      queue: "post",
      status: "SCHEDULED",
      priority: -5,
      threadDemand: 2,
      scheduledAtMs: scheduledAt.getTime(),
      expiresAtMs: scheduledAt.getTime() + 1,
      maxAttempts: 9,
      attemptsLeft: 9,
      attempt: 0,
      version: 1,
      tags: ["a", 'b"\\,{}'],
      idempotencyKey: "stores",
    });
    expect((await readJobs(db, [job.id])).get(job.id)).toEqual(job);
    expect((await readPayloads(db, [job.id])).get(job.id)).toEqual(input.payload);
  });

  test("keeps a payload's key named __proto__", async () => {
    const payload: unknown = JSON.parse('{"__proto__":{"a":1},"constructor":2}');
    const { job } = submitted(await store.operations.submitJob({ type: "anything", payload }));
    const read = (await readPayloads(store.db, [job.id])).get(job.id);
    expect(JSON.stringify(read)).toBe(JSON.stringify(payload));
  });

  test("has what comes at once share its statements", async () => {
    const { db, count } = counting(store.db);
    const operations = createOperations({ ...store, db });
    const before = await store.countJobs();
    const results = await Promise.all(
      Array.from({ length: 1_200 }, (_, index) =>
        operations.submitJob({ type: "anything", payload: { index } }),
      ),
    );
    const ids = new Set(results.map((result) => submitted(result).job.id));
    expect(ids.size).toBe(1_200);
    expect(await store.countJobs()).toBe(before + 1_200);
    expect(count("insert-jobs")).toBe(3);
  });

  test("is judged to expire in time by the database's clock, whatever this one says", async () => {
    const aheadMs = 3_600_000;
    const db = withQuery(store.db, async (statement, values) => {
      const rows = await store.db.query<{ now_ms: number }>(statement, values);
      if (statement.name !== "read-clock") return rows;
      return rows.map(({ now_ms }) => ({ now_ms: now_ms + aheadMs }));
    });
    const operations = createOperations({ ...store, db });
    const submit = (expiresInMs: number) =>
      operations.submitJob({ type: "anything", expiresAt: new Date(Date.now() + expiresInMs) });
    const answers = await Promise.all([submit(aheadMs - 60_000), submit(aheadMs + 60_000)]);
    expect(answers.map(({ kind }) => kind)).toEqual(["INVALID_INPUT", "SUBMITTED"]);
  });

  test("asks for the database's clock once for all that come at once, if any expires", async () => {
    const { db, count } = counting(store.db);
    const { submitJob } = createOperations({ ...store, db });
    await Promise.all(Array.from({ length: 10 }, () => submitJob({ type: "anything" })));
    expect(count("read-clock")).toBe(0);
    const expiresAt = new Date(Date.now() + 3_600_000);
    await Promise.all(
      Array.from({ length: 500 }, () => submitJob({ type: "anything", expiresAt })),
    );
    expect(count("read-clock")).toBeLessThan(5);
  });

  test("has a row that the database refuses fail alone", async () => {
    const { db, operations } = store;
    await db.script(
      "alter table vinyasa.jobs add constraint no_bad check (name is distinct from 'bad')",
    );
    const before = await store.countJobs();
    const settled = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) =>
        operations.submitJob({ type: "anything", name: index === 61 ? "bad" : "good" }),
      ),
    );
    const failed = settled.flatMap(({ status }, index) => (status === "rejected" ? [index] : []));
    expect(failed).toEqual([61]);
    expect(await store.countJobs()).toBe(before + 99);
  });

  test("does not repeat a statement after the connection was lost: it may have been committed", async () => {
    let calls = 0;
    const query = async () => {
      calls += 1;
      throw new DatabaseError("insert-jobs", new Error("terminated"), null, null);
    };
    const operations = createOperations({ ...store, db: { ...store.db, kind: "postgres", query } });
    const submits = ["a", "b", "c", "d"].map((name) =>
      operations.submitJob({ type: "anything", name }),
    );
    const settled = await Promise.allSettled(submits);
    expect(settled.every(({ status }) => status === "rejected")).toBe(true);
    expect(calls).toBe(1);
  });

  test("wakes the lane of a ready job and tells when a scheduled one is due", async () => {
    const { bus, operations, lanes } = store;
    const wakes: WakeUp[] = [];
    const unsubscribe = bus.onWake((wake) => wakes.push(wake));
    await operations.submitJob({ type: "anything", queue: "wakes" });
    const at = new Date(Date.now() + 3_600_000);
    await operations.submitJob({ type: "anything", queue: "wakes", scheduledAt: at });
    unsubscribe();
    const [lane] = lanes.matching({ queues: ["wakes"] });
    const from = { rank: 0, atMs: expect.any(Number) };
    expect(wakes).toEqual([{ lanes: [lane?.id], from }, { dueAtMs: at.getTime() }]);
  });

  test("publishes the new job only if somebody watches all jobs", async () => {
    const { bus, operations } = store;
    const events: JobEvent[] = [];
    const unsubscribe = bus.onEvents((published) => events.push(...published));
    await operations.submitJob({ type: "anything", name: "unseen" });
    expect(events).toEqual([]);
    const release = await bus.announceInterest(null);
    const { job } = submitted(await operations.submitJob({ type: "anything", name: "seen" }));
    release();
    unsubscribe();
    expect(events).toMatchObject([
      { id: job.id, version: 1, status: "PENDING", previousStatus: null, attempt: 0 },
    ]);
  });
});

describeWithPostgres("an idempotency key", () => {
  let store: TestStore;

  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(() => store.close());

  test("raced by 50 submits over two instances makes one job, which all of them get", async () => {
    const other = createOperations(store);
    const before = await store.countJobs();
    const input = { type: "letter", payload: { to: "Ada" }, idempotencyKey: "race" };
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? store.operations : other).submitJob(input),
      ),
    );
    const answers = results.map(submitted);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1);
    expect(await store.countJobs()).toBe(before + 1);
  });

  test("raced by 50 different inputs makes one job, and tells the others which", async () => {
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        store.operations.submitJob({
          type: "letter",
          payload: { to: `Ada ${index % 10}` },
          idempotencyKey: "quarrel",
        }),
      ),
    );
    const won = results.filter((result) => result.kind === "SUBMITTED");
    const ids = results.map((result) => {
      if (result.kind === "SUBMITTED") return result.job.id;
      if (result.kind === "IDEMPOTENCY_KEY_REUSED") return result.existingJob.id;
      return result.kind;
    });
    expect(new Set(ids).size).toBe(1);
    expect(won).toHaveLength(5);
    expect(won.filter(({ created }) => created)).toHaveLength(1);
  });

  test("finds its job later, also with the defaults written out, and refuses other input", async () => {
    const { operations } = store;
    const input = { type: "letter", payload: { to: "Ada" }, idempotencyKey: "later" };
    const first = submitted(await operations.submitJob(input));
    const again = await operations.submitJob({ ...input, queue: "default", priority: 0, tags: [] });
    expect(again).toEqual({ kind: "SUBMITTED", created: false, job: first.job });
    expect(await operations.submitJob({ ...input, priority: 1 })).toEqual({
      kind: "IDEMPOTENCY_KEY_REUSED",
      message: expect.stringContaining(first.job.id),
      path: ["idempotencyKey"],
      existingJob: first.job,
    });
  });

  test("that another transaction holds stalls no submit without a key", async () => {
    const { db, operations } = store;
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begun = () => {};
    const began = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const take = {
      name: "take",
      text: "insert into vinyasa.idempotency_keys values ('held', gen_random_uuid(), 'h')",
    };
    const holder = db.transaction("hold", async (tx) => {
      await tx.query(take);
      begun();
      await released;
      throw new Error("given up");
    });
    await began;
    const keyed = operations.submitJob({ type: "anything", idempotencyKey: "held" });
    const free = await operations.submitJob({ type: "anything" });
    expect(free.kind).toBe("SUBMITTED");
    expect(await Promise.race([keyed, Promise.resolve("still waiting")])).toBe("still waiting");
    release();
    await expect(holder).rejects.toThrow("given up");
    expect(submitted(await keyed).created).toBe(true);
  });

  test("of a job that was refused is free again", async () => {
    const { operations } = store;
    const key = { type: "letter", idempotencyKey: "free" };
    expect((await operations.submitJob({ ...key, payload: {} })).kind).toBe("INVALID_INPUT");
    expect(submitted(await operations.submitJob({ ...key, payload: { to: "Ada" } })).created).toBe(
      true,
    );
  });
});
