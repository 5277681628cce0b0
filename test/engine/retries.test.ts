import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AttemptError } from "../../src/domain/outcome.ts";
import { NonRetryableError, PostponeError, RetryAfterError } from "../../src/executors/errors.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { executorOf } from "./executors.ts";
import { keptLog } from "./kept-log.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

describeWithPostgres("a failed attempt", () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
  });

  afterEach(() => stage.close());

  /** Milliseconds from the end of each attempt to the time that was set for the next. */
  const waits = async (id: string): Promise<number[]> => {
    const rows = await stage.db.query<{ wait_ms: number }>(
      {
        name: "waits",
        text: `select vinyasa.ms(b.started_at) - vinyasa.ms(a.finished_at) as wait_ms
          from vinyasa.job_attempts a join (
            select job_id, number, started_at from vinyasa.job_attempts
            union all select job_id, attempt, started_at from vinyasa.finished_jobs where status = 5
          ) b on b.job_id = a.job_id and b.number = a.number + 1
          where a.job_id = $1::uuid order by a.number`,
      },
      [id],
    );
    return rows.map(({ wait_ms }) => wait_ms);
  };

  const failingUntil = (last: number, toError: (attempt: number) => unknown) =>
    executorOf("failing", (_payload, { attempt }) => {
      if (attempt < last) throw toError(attempt);
      return attempt;
    });

  it.each([
    ["EXPONENTIAL", 400, [100, 200, 400, 400]],
    ["FIXED", 400, [100, 100, 100, 100]],
    ["FIXED", 50, [50, 50, 50, 50]],
  ] as const)(
    "is followed by another after a %s back-off of at most %d ms, never early",
    async (kind, maxMs, expected) => {
      await stage.startEngine([failingUntil(5, () => new Error("once more"))]);
      const backoff = { kind, baseMs: 100, maxMs, jitter: 0 };
      const [{ id }] = await stage.submit({ type: "failing", maxAttempts: 5, backoff });
      expect(await stage.ended(id)).toMatchObject({ status: "COMPLETED", attempt: 5 });
      const waited = await waits(id);
      expect(waited).toHaveLength(4);
      // Milliseconds are cut off at both ends of the span.
      waited.forEach((wait, index) => {
        expect(wait).toBeGreaterThanOrEqual((expected[index] ?? 0) - 1);
      });
    },
  );

  it("spreads the next start by the jitter, on top of the base", async () => {
    await stage.startEngine([failingUntil(9, () => new Error("once more"))], {
      workerThreads: [50],
    });
    const backoff = { kind: "FIXED", baseMs: 3_600_000, maxMs: 3_600_000, jitter: 0.5 } as const;
    const jobs = await stage.submit(
      ...Array.from({ length: 50 }, () => ({ type: "failing", backoff })),
    );
    const delays: number[] = [];
    for (const { id } of jobs) {
      const job = await stage.until(id, ({ status }) => status === "SCHEDULED");
      delays.push(job.scheduledAtMs - job.updatedAtMs);
    }
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(3_600_000 - 1);
    expect(Math.max(...delays)).toBeLessThanOrEqual(5_400_000 + 1);
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(100_000);
  });

  describe("keeps its error", () => {
    const errorOf = async (thrown: unknown): Promise<AttemptError> => {
      await stage.startEngine([
        executorOf("failing", () => {
          throw thrown;
        }),
      ]);
      const [{ id }] = await stage.submit({ type: "failing", maxAttempts: 1 });
      expect((await stage.ended(id)).status).toBe("FAILED");
      const [attempt] = await stage.attempts(id);
      if (attempt?.error === null || attempt === undefined) throw new Error("there is no error");
      return attempt.error;
    };

    it("with message, code and stack", async () => {
      const error = Object.assign(new Error("no such host"), { code: "ENOTFOUND" });
      expect(await errorOf(error)).toMatchObject({
        ...{ message: "no such host", code: "ENOTFOUND", retryable: true, stack: error.stack },
      });
    });

    it("with the messages of its causes", async () => {
      const error = new Error("the request failed", { cause: new Error("connection reset") });
      expect((await errorOf(error)).message).toBe("the request failed: connection reset");
    });

    it("without what the database refuses, and bounded", async () => {
      const long = "y".repeat(100_000);
      const error = new Error(`NUL \u0000 and half \uD800 ${long}`);
      const { message, stack } = await errorOf(error);
      expect(message).toMatch(/^NUL \uFFFD and half \uFFFD y+$/);
      expect(message).toHaveLength(4_000);
      expect(stack?.length).toBeLessThanOrEqual(16_000);
    });
  });

  it("keeps each error of each attempt, newest first", async () => {
    await stage.startEngine([failingUntil(99, (attempt) => new Error(`failure ${attempt}`))]);
    const [{ id }] = await stage.submit({ type: "failing", maxAttempts: 3 });
    expect(await stage.ended(id)).toMatchObject({ status: "FAILED", attemptsLeft: 0 });
    const attempts = await stage.attempts(id);
    expect(attempts.map(({ number, error }) => [number, error?.message])).toEqual([
      [3, "failure 3"],
      [2, "failure 2"],
      [1, "failure 1"],
    ]);
  });

  it("that no retry can mend is the last, whatever attempts are left", async () => {
    const fatal = () => new NonRetryableError("no such account", { code: "GONE" });
    await stage.startEngine([failingUntil(99, fatal)]);
    const [{ id }] = await stage.submit({ type: "failing", maxAttempts: 10 });
    expect(await stage.ended(id)).toMatchObject({
      ...{ status: "FAILED", attempt: 1, attemptsLeft: 9 },
    });
    const [attempt] = await stage.attempts(id);
    expect(attempt?.error).toMatchObject({ code: "GONE", retryable: false });
  });

  it("that was the last is told in the log, without its message", async () => {
    const { log, lines } = keptLog();
    await stage.startEngine(
      [failingUntil(99, () => new NonRetryableError("s3cret", { code: "GONE" }))],
      {
        log,
      },
    );
    const [{ id }] = await stage.submit({ type: "failing", maxAttempts: 10 });
    await stage.ended(id);
    await expect.poll(() => lines("job failed")).toHaveLength(1);
    expect(lines("job failed")[0]).toMatchObject({
      ...{ level: 40, jobId: id, type: "failing", attempt: 1, code: "GONE" },
    });
    expect(JSON.stringify(lines("job failed"))).not.toContain("s3cret");
  });

  it("that another one follows is not told in the log", async () => {
    const { log, lines } = keptLog();
    const engine = await stage.startEngine([failingUntil(2, () => new Error("once more"))], {
      log,
    });
    const backoff = { kind: "FIXED", baseMs: 1, maxMs: 1, jitter: 0 } as const;
    const [{ id }] = await stage.submit({ type: "failing", backoff });
    await stage.ended(id);
    await engine.stop(1_000);
    expect(lines("job failed")).toEqual([]);
  });

  it("of many jobs at once fills ten lines, and the rest is counted", async () => {
    const { log, lines } = keptLog();
    const engine = await stage.startEngine([failingUntil(9, () => new Error("no"))], {
      log,
      workerThreads: [40],
    });
    const jobs = await stage.submit(
      ...Array.from({ length: 40 }, () => ({ type: "failing", maxAttempts: 1 })),
    );
    for (const { id } of jobs) await stage.ended(id);
    await engine.stop(1_000);
    const leftOut = lines("more jobs failed").reduce((sum, line) => sum + Number(line.leftOut), 0);
    expect(leftOut).toBeGreaterThan(0);
    expect(lines("job failed").length + leftOut).toBe(40);
  });

  it("that asks for a later retry waits for the longer of that and the back-off", async () => {
    await stage.startEngine([failingUntil(3, (attempt) => new RetryAfterError(attempt * 150))]);
    const backoff = { kind: "FIXED", baseMs: 200, maxMs: 200, jitter: 0 } as const;
    const [{ id }] = await stage.submit({ type: "failing", backoff });
    await stage.ended(id);
    const [first, second] = await waits(id);
    expect(first).toBeGreaterThanOrEqual(199);
    expect(second).toBeGreaterThanOrEqual(299);
  });

  it("that was postponed is none: the next one has as many left", async () => {
    await stage.startEngine([failingUntil(4, () => new PostponeError(20))]);
    const [{ id }] = await stage.submit({ type: "failing", maxAttempts: 1 });
    const job = await stage.ended(id);
    expect(job).toMatchObject({ status: "COMPLETED", attempt: 4, attemptsLeft: 0 });
    for (const wait of await waits(id)) expect(wait).toBeGreaterThanOrEqual(19);
  });
});
