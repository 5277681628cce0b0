import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobRecord } from "../../src/domain/job-record.ts";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { type CancelledJob, cancelJobs, cancelPending } from "../../src/store/cancel-jobs.ts";
import {
  closeCancels,
  findStrayCancels,
  readCancellations,
  readPendingCancels,
} from "../../src/store/cancellations.ts";
import { type ClaimedJob, claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { endAttempts } from "../../src/store/end-attempts.ts";
import { finishJobs } from "../../src/store/finish-jobs.ts";
import { insertJobs, type NewJob } from "../../src/store/insert-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { readAttempts } from "../../src/store/read-attempts.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { readStats } from "../../src/store/read-stats.ts";
import { releaseClaims } from "../../src/store/rescue-jobs.ts";
import { retryJobs } from "../../src/store/retry-jobs.ts";
import { writeProgress } from "../../src/store/write-progress.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { registerTestInstance } from "../support/test-instance.ts";
import { describeBothDatabases } from "./both-databases.ts";
import { sql } from "./statements.ts";

describeBothDatabases("cancel, retry and progress", (open) => {
  let db: Database;
  let lanes: LaneCatalog;
  let lane: Lane;
  let instance: number;
  let tokens = 0;

  beforeAll(async () => {
    db = await open();
    lanes = new LaneCatalog(db);
    const [first] = await lanes.intern([{ queue: "default", type: "letter", threads: 1 }]);
    if (first === undefined) throw new Error("no lane");
    lane = first;
    instance = (await registerTestInstance(db)).id;
  });

  afterAll(() => db.close());

  const submit = async (wish: Partial<NewJob> = {}): Promise<string> => {
    const id = newJobId();
    await insertJobs(db, [{ ...JOB, id, lane, ...wish }]);
    return id;
  };

  const token = () => {
    tokens += 1;
    return `00000000-0000-4000-8000-${String(tokens).padStart(12, "0")}`;
  };

  const claim = async (id: string): Promise<ClaimedJob> => {
    const place = { lane, threads: 1, from: LANE_START };
    const request = { lanes: [place], limit: 100, instance, worker: 1, token: token() };
    const { jobs } = await claimJobs(db, request);
    const job = jobs.find((one) => one.id === id);
    if (job === undefined) throw new Error("the job was not claimed");
    return job;
  };

  const read = async (id: string): Promise<JobRecord> => {
    const job = (await readJobs(db, [id])).get(id);
    if (job === undefined) throw new Error("there is no job");
    return job;
  };

  const cancel = async (id: string, reason: string | null = null): Promise<CancelledJob> => {
    const [moved] = await cancelJobs(db, [id], reason);
    if (moved === undefined) throw new Error("nothing was cancelled");
    return moved;
  };

  const history = async (id: string) =>
    db.query(
      sql(`select previous_status::int as "from", status::int as "to", version, message
        from vinyasa.job_history where job_id = $1::uuid order by version`),
      [id],
    );

  const end = (job: ClaimedJob, status: "SCHEDULED" | "PENDING" | "FAILED" | "CANCELLED") => {
    const outcomes = {
      SCHEDULED: "FAILED",
      PENDING: "RELEASED",
      FAILED: "FAILED",
      CANCELLED: "CANCELLED",
    } as const;
    const error = { message: "broke", code: null, stack: null, retryable: true };
    const next = { status, delayMs: 60_000, attemptsLeft: job.attemptsLeft };
    const { id, attempt } = job;
    const outcome = outcomes[status];
    return endAttempts(db, [
      { id, attempt, token: job.token, startDelayMs: 0, outcome, error, next },
    ]);
  };

  const finish = ({ id, attempt, token: claimToken }: ClaimedJob) =>
    finishJobs(db, [{ id, attempt, token: claimToken, startDelayMs: 0, result: '{"ok":true}' }]);

  describe("a waiting job", () => {
    it.each([
      ["PENDING", {}],
      ["SCHEDULED", { scheduledAtMs: Date.now() + 3_600_000 }],
    ] as const)("that is %s is CANCELLED at once, with the reason", async (status, wish) => {
      const id = await submit(wish);
      const moved = await cancel(id, "not needed");
      expect(moved).toMatchObject({ from: status, to: "CANCELLED", version: 2, running: null });
      const job = await read(id);
      expect(job).toMatchObject({ status: "CANCELLED", version: 2, attempt: 0 });
      expect(job.updatedAtMs).toBe(moved.movedAtMs);
      const cancellation = (await readCancellations(db, [id])).get(id);
      expect(cancellation).toEqual({ requestedAtMs: moved.movedAtMs, reason: "not needed" });
      expect((await history(id)).at(-1)).toMatchObject({
        to: 7,
        version: 2,
        message: "not needed",
      });
    });

    it("that is BLOCKED is CANCELLED at once", async () => {
      const id = await submit();
      await db.query(
        sql(`with r as (delete from vinyasa.ready_jobs where job_id = $1::uuid returning *)
          insert into vinyasa.blocked_jobs (job_id, lane, priority, at, version, attempt, attempts_left, open_parents)
          select job_id, lane, priority, at, version, attempt, attempts_left, 1 from r`),
        [id],
      );
      expect(await cancel(id)).toMatchObject({ from: "BLOCKED", to: "CANCELLED", version: 2 });
      expect((await read(id)).status).toBe("CANCELLED");
    });
  });

  describe("a running job", () => {
    it("stays RUNNING with a new version, and its instance finds the request", async () => {
      const id = await submit();
      const claimed = await claim(id);
      const moved = await cancel(id, "too slow");
      expect(moved).toMatchObject({ from: "RUNNING", to: "RUNNING", version: 3 });
      expect(moved.running).toMatchObject({ instance, isNew: true, threads: 1 });
      expect(await read(id)).toMatchObject({ status: "RUNNING", version: 3 });
      const pending = await readPendingCancels(db, instance);
      expect(pending).toContainEqual({ id, reason: "too slow", token: claimed.token });
      await end(claimed, "CANCELLED");
    });

    it("keeps the first reason, time and version when it is cancelled again", async () => {
      const id = await submit();
      const claimed = await claim(id);
      await cancel(id, "first");
      const before = await readCancellations(db, [id]);
      const again = await cancel(id, "second");
      expect(again).toMatchObject({ version: 3, running: { isNew: false } });
      expect(await readCancellations(db, [id])).toEqual(before);
      await end(claimed, "CANCELLED");
      const lines = await history(id);
      expect(lines.map(({ from, to }) => [from, to])).toEqual([
        [3, 4],
        [4, 4],
        [4, 7],
      ]);
      expect(lines[1]?.message).toBe("cancel requested: first");
    });

    it("ends CANCELLED when its worker lets go, and nobody is told of it any more", async () => {
      const id = await submit();
      const claimed = await claim(id);
      await cancel(id);
      const [ended] = await end(claimed, "CANCELLED");
      expect(ended).toMatchObject({ status: "CANCELLED", version: 4 });
      expect(await readPendingCancels(db, instance)).toEqual([]);
      const [attempt] = (await readAttempts(db, [id])).get(id) ?? [];
      expect(attempt).toMatchObject({ number: 1, outcome: "CANCELLED" });
    });

    it.each(["SCHEDULED", "PENDING"] as const)(
      "does not go back to %s: it is CANCELLED instead, with its outcome and its error kept",
      async (status) => {
        const id = await submit();
        const claimed = await claim(id);
        await cancel(id, "enough");
        const [ended] = await end(claimed, status);
        expect(ended?.status).toBe("CANCELLED");
        const job = await read(id);
        expect(job).toMatchObject({ status: "CANCELLED", version: 4 });
        expect(job.scheduledAtMs).toBe(ended?.scheduledAtMs);
        const [attempt] = (await readAttempts(db, [id])).get(id) ?? [];
        expect(attempt).toMatchObject({
          outcome: status === "PENDING" ? "RELEASED" : "FAILED",
          error: { message: "broke" },
        });
        expect(await readPendingCancels(db, instance)).toEqual([]);
      },
    );

    it("is FAILED if that was its last attempt, and can be retried", async () => {
      const id = await submit();
      const claimed = await claim(id);
      await cancel(id);
      expect((await end(claimed, "FAILED"))[0]?.status).toBe("FAILED");
      expect((await retryJobs(db, [id], null))[0]).toMatchObject({ from: "FAILED", to: "PENDING" });
      expect(await readCancellations(db, [id])).toEqual(new Map());
      await cancel(id);
    });

    it("is not run again where its claim was lost to its instance", async () => {
      const id = await submit();
      const { token: claimToken } = await claim(id);
      await cancel(id);
      const [released] = await releaseClaims(db, instance, [{ id, token: claimToken }]);
      expect(released?.to).toBe("CANCELLED");
      expect((await read(id)).status).toBe("CANCELLED");
      expect(await findStrayCancels(db, 10)).toEqual([]);
    });

    it("may complete first: then the request is stray, and is closed", async () => {
      const id = await submit();
      const claimed = await claim(id);
      await cancel(id, "late");
      expect((await finish(claimed)).versions).toEqual([4]);
      expect(await findStrayCancels(db, 10)).toEqual([id]);
      expect(await cancelPending(db, [id])).toEqual([]);
      await closeCancels(db, [id]);
      expect(await findStrayCancels(db, 10)).toEqual([]);
      expect((await read(id)).status).toBe("COMPLETED");
      expect((await readCancellations(db, [id])).get(id)?.reason).toBe("late");
    });

    it("is told of anew where another instance runs it by now", async () => {
      const id = await submit();
      const claimed = await claim(id);
      const elsewhere = instance + 1_000;
      await cancel(id, "first");
      const move = "update vinyasa.cancellations set instance = $2::int where job_id = $1::uuid";
      await db.query(sql(move), [id, elsewhere]);
      expect(await findStrayCancels(db, 10)).toEqual([id]);
      const [moved] = await cancelPending(db, [id]);
      expect(moved?.running).toMatchObject({ instance, isNew: false });
      const pending = await readPendingCancels(db, instance);
      expect(pending).toEqual([{ id, reason: "first", token: claimed.token }]);
      await end(claimed, "CANCELLED");
    });
  });

  it("leaves jobs alone that have ended", async () => {
    const id = await submit();
    await finish(await claim(id));
    expect(await cancelJobs(db, [id], "late")).toEqual([]);
    expect(await retryJobs(db, [id], null)).toEqual([]);
    expect(await read(id)).toMatchObject({ status: "COMPLETED", version: 3 });
    expect(await readCancellations(db, [id])).toEqual(new Map());
  });

  describe("a retry", () => {
    it("refills the attempts, keeps the number of the last one, and forgets the cancel", async () => {
      const id = await submit({ priority: 7, maxAttempts: 2 });
      await end(await claim(id), "FAILED");
      const [moved] = await retryJobs(db, [id], null);
      expect(moved).toMatchObject({ from: "FAILED", to: "PENDING", priority: 7, version: 4 });
      expect(await read(id)).toMatchObject({
        ...{ status: "PENDING", attempt: 1, attemptsLeft: 2, priority: 7, version: 4 },
        ...{ startedAtMs: null, finishedAtMs: null, scheduledAtMs: moved?.scheduledAtMs },
      });
      const claimed = await claim(id);
      expect(claimed).toMatchObject({ attempt: 2, attemptsLeft: 1 });
      expect(JSON.parse(claimed.payload ?? "")).toEqual({ to: "Ann" });
      await finish(claimed);
      const attempts = (await readAttempts(db, [id])).get(id) ?? [];
      expect(attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
        [2, "COMPLETED"],
        [1, "FAILED"],
      ]);
      expect((await history(id)).map(({ message }) => message)).toContain("retried");
    });

    it("is not undone by a request that was found stray before it", async () => {
      const id = await submit();
      const claimed = await claim(id);
      await cancel(id, "in vain");
      await end(claimed, "FAILED");
      const again = "update vinyasa.cancellations set instance = $2::int where job_id = $1::uuid";
      await db.query(sql(again), [id, instance]);
      expect(await findStrayCancels(db, 10)).toEqual([id]);
      await retryJobs(db, [id], null);
      expect(await cancelPending(db, [id])).toEqual([]);
      expect(await read(id)).toMatchObject({ status: "PENDING" });
      const running = await claim(id);
      expect(await cancelPending(db, [id])).toEqual([]);
      expect(await readCancellations(db, [id])).toEqual(new Map());
      await finish(running);
    });

    it("for a future time is SCHEDULED, for a past one PENDING", async () => {
      const ids = [await submit(), await submit()];
      await cancelJobs(db, ids, null);
      const dueAtMs = Date.now() + 3_600_000;
      const [future] = await retryJobs(db, ids.slice(0, 1), dueAtMs);
      const [past] = await retryJobs(db, ids.slice(1), Date.now() - 3_600_000);
      expect(future).toMatchObject({ to: "SCHEDULED", scheduledAtMs: dueAtMs, version: 3 });
      expect(past).toMatchObject({ to: "PENDING" });
      expect(past?.scheduledAtMs).toBe(past?.movedAtMs);
      await cancelJobs(db, ids, null);
    });

    it("drops an expiresAt that is not later than the new start, and no other", async () => {
      const expiresAtMs = Date.now() + 3_600_000;
      const ids = [await submit({ expiresAtMs }), await submit({ expiresAtMs })];
      await cancelJobs(db, ids, null);
      await retryJobs(db, ids.slice(0, 1), expiresAtMs + 1);
      await retryJobs(db, ids.slice(1), expiresAtMs - 1);
      const jobs = await readJobs(db, ids);
      expect(ids.map((id) => jobs.get(id)?.expiresAtMs)).toEqual([null, expiresAtMs]);
      const left = await db.query(
        sql("select job_id as id from vinyasa.job_expiries where job_id = any($1::uuid[])"),
        [ids],
      );
      expect(left).toEqual([{ id: ids[1] }]);
      await cancelJobs(db, ids, null);
    });

    it("of many at once counts each job once", async () => {
      const ids = [await submit(), await submit(), await submit()];
      const before = await readStats(db, lanes, {});
      await cancelJobs(db, ids, "all");
      await retryJobs(db, ids, null);
      expect((await readStats(db, lanes, {})).counts).toEqual(before.counts);
      expect(await cancelJobs(db, ids, null)).toHaveLength(3);
    });
  });

  describe("progress", () => {
    it("is written for the attempt that runs, with a new version", async () => {
      const id = await submit();
      const { attempt, token: claimToken } = await claim(id);
      const rows = await writeProgress(db, [{ id, attempt, token: claimToken, progress: 0.25 }]);
      expect(rows).toEqual([{ id, version: 3, progress: 0.25 }]);
      expect(await read(id)).toMatchObject({ status: "RUNNING", version: 3, progress: 0.25 });
      await cancel(id);
      expect(await read(id)).toMatchObject({ version: 4, progress: 0.25 });
    });

    it("of another attempt or another claim changes nothing", async () => {
      const id = await submit();
      const claimed = await claim(id);
      const { attempt, token: claimToken } = claimed;
      const stale = [
        { id, attempt: attempt + 1, token: claimToken, progress: 0.5 },
        { id, attempt, token: token(), progress: 0.5 },
      ];
      for (const report of stale) expect(await writeProgress(db, [report])).toEqual([]);
      expect(await read(id)).toMatchObject({ version: 2, progress: null });
      await finish(claimed);
      expect(await writeProgress(db, [{ id, attempt, token: claimToken, progress: 0.5 }])).toEqual(
        [],
      );
    });
  });
});

const JOB = { ...PLAIN_JOB, payload: '{"to":"Ann"}' };
