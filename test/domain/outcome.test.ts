import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_BACKOFF } from "../../src/domain/backoff.ts";
import { canMove } from "../../src/domain/job.ts";
import {
  ATTEMPT_OUTCOMES,
  type AttemptError,
  type AttemptState,
  decide,
  type Outcome,
  outcomeCode,
  outcomeFromCode,
} from "../../src/domain/outcome.ts";

const noJitter = () => 0;
const error: AttemptError = { message: "boom", code: null, stack: null, retryable: true };
const final: AttemptError = { ...error, retryable: false };
/** After the first of three attempts was taken. */
const first: AttemptState = { maxAttempts: 3, attemptsLeft: 2, backoff: DEFAULT_BACKOFF };
const last: AttemptState = { ...first, attemptsLeft: 0 };

describe("after an attempt that ended", () => {
  it("well, the job is COMPLETED", () => {
    expect(decide(first, { kind: "COMPLETED", result: '{"sum":3}' }, noJitter)).toEqual({
      status: "COMPLETED",
      delayMs: 0,
      attemptsLeft: 2,
    });
  });

  it.each(["FAILED", "TIMED_OUT"] as const)("%s, the job waits for its back-off", (kind) => {
    const decided = decide(first, { kind, error }, noJitter);
    expect(decided).toEqual({ status: "SCHEDULED", delayMs: 2_000, attemptsLeft: 2 });
    const second = { ...first, attemptsLeft: 1 };
    expect(decide(second, { kind, error }, noJitter).delayMs).toBe(4_000);
  });

  it.each(["FAILED", "TIMED_OUT"] as const)("%s with none left, the job is FAILED", (kind) => {
    const decided = decide(last, { kind, error }, noJitter);
    expect(decided).toEqual({ status: "FAILED", delayMs: 0, attemptsLeft: 0 });
  });

  it("in an error that no retry can mend, the job is FAILED and keeps its attempts", () => {
    const decided = decide(first, { kind: "FAILED", error: final }, noJitter);
    expect(decided).toEqual({ status: "FAILED", delayMs: 0, attemptsLeft: 2 });
  });

  it("in an error that asks for a later time, the later of that and the back-off counts", () => {
    const failed = (retryAfterMs: number): Outcome => ({ kind: "FAILED", error, retryAfterMs });
    expect(decide(first, failed(60_000), noJitter).delayMs).toBe(60_000);
    expect(decide(first, failed(10), noJitter).delayMs).toBe(2_000);
    expect(decide(last, failed(60_000), noJitter)).toMatchObject({ status: "FAILED", delayMs: 0 });
  });

  it("because its instance died, the job is ready at once while attempts are left", () => {
    const lost: Outcome = { kind: "LOST", error };
    expect(decide(first, lost, noJitter)).toEqual({
      status: "PENDING",
      delayMs: 0,
      attemptsLeft: 2,
    });
    expect(decide(last, lost, noJitter).status).toBe("FAILED");
  });

  it("by a release, the job is ready at once and gets its attempt back", () => {
    const released = decide(last, { kind: "RELEASED" }, noJitter);
    expect(released).toEqual({ status: "PENDING", delayMs: 0, attemptsLeft: 1 });
  });

  it("by postponing, the job waits and gets its attempt back", () => {
    const postponed = decide(last, { kind: "POSTPONED", delayMs: 5_000 }, noJitter);
    expect(postponed).toEqual({ status: "SCHEDULED", delayMs: 5_000, attemptsLeft: 1 });
  });

  it("by a cancel, the job is CANCELLED", () => {
    expect(decide(first, { kind: "CANCELLED" }, noJitter).status).toBe("CANCELLED");
  });

  it("in any way, the move is legal and no attempt appears from nowhere", () => {
    const outcomes = fc.constantFrom<Outcome>(
      { kind: "COMPLETED", result: "null" },
      { kind: "FAILED", error },
      { kind: "FAILED", error: final },
      { kind: "TIMED_OUT", error },
      { kind: "CANCELLED" },
      { kind: "LOST", error },
      { kind: "RELEASED" },
      { kind: "POSTPONED", delayMs: 1_000 },
    );
    const attempts = fc
      .tuple(fc.integer({ min: 1, max: 1_000 }), fc.nat({ max: 999 }))
      .map(([maxAttempts, left]) => ({ ...first, maxAttempts, attemptsLeft: left % maxAttempts }));
    fc.assert(
      fc.property(attempts, outcomes, (attempt, outcome) => {
        const { status, delayMs, attemptsLeft } = decide(attempt, outcome, Math.random);
        expect(canMove("RUNNING", status)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        if (status !== "SCHEDULED") expect(delayMs).toBe(0);
        expect(attemptsLeft).toBeLessThanOrEqual(attempt.maxAttempts);
        const unspent = outcome.kind === "RELEASED" || outcome.kind === "POSTPONED";
        expect(attemptsLeft - attempt.attemptsLeft).toBe(unspent ? 1 : 0);
      }),
    );
  });
});

describe("an outcome", () => {
  it("has the number that the database stores, from 1 to 7", () => {
    expect(ATTEMPT_OUTCOMES.map(outcomeCode)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(outcomeCode("COMPLETED")).toBe(1);
    expect(outcomeCode("POSTPONED")).toBe(7);
    for (const outcome of ATTEMPT_OUTCOMES) {
      expect(outcomeFromCode(outcomeCode(outcome))).toBe(outcome);
    }
  });

  it.each([0, 8, -1, 2.5])("is not what the number %s stands for", (code) => {
    expect(() => outcomeFromCode(code)).toThrow(RangeError);
  });
});
