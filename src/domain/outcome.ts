/** What became of an attempt, and what the job does next. Pure: the worker reports, this decides. */
import { type Backoff, backoffDelayMs } from "./backoff.ts";
import type { JobStatus } from "./job.ts";

/** In the order of their numbers in the database, from 1. */
export const ATTEMPT_OUTCOMES = [
  "COMPLETED",
  "FAILED",
  "TIMED_OUT",
  "CANCELLED",
  "LOST",
  "RELEASED",
  "POSTPONED",
] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

export function outcomeCode(outcome: AttemptOutcome): number {
  return ATTEMPT_OUTCOMES.indexOf(outcome) + 1;
}

/** @throws RangeError for a number that is no outcome. */
export function outcomeFromCode(code: number): AttemptOutcome {
  const outcome = ATTEMPT_OUTCOMES[code - 1];
  if (outcome === undefined) throw new RangeError(`no attempt outcome has the number ${code}`);
  return outcome;
}

/** An attempt's error as it is kept: bounded and storable (see `attemptError`). */
export interface AttemptError {
  readonly message: string;
  readonly code: string | null;
  readonly stack: string | null;
  readonly retryable: boolean;
}

/** What a worker reports. */
export type Outcome =
  /** `result`: JSON text. It was checked as text, and is stored as text. */
  | { readonly kind: "COMPLETED"; readonly result: string }
  | { readonly kind: "FAILED"; readonly error: AttemptError; readonly retryAfterMs?: number }
  | { readonly kind: "TIMED_OUT"; readonly error: AttemptError }
  | { readonly kind: "CANCELLED" }
  | { readonly kind: "LOST"; readonly error: AttemptError }
  | { readonly kind: "RELEASED" }
  | { readonly kind: "POSTPONED"; readonly delayMs: number };

/** What `decide` must know of the attempt. */
export interface AttemptState {
  readonly maxAttempts: number;
  /** After this attempt was taken from them. */
  readonly attemptsLeft: number;
  readonly backoff: Backoff;
}

export interface Decision {
  readonly status: JobStatus;
  /** Before the job is ready again; 0 where `status` is not SCHEDULED. */
  readonly delayMs: number;
  readonly attemptsLeft: number;
}

/** The next state of a job whose attempt ended with `outcome`. */
export function decide(attempt: AttemptState, outcome: Outcome, random: () => number): Decision {
  const { attemptsLeft } = attempt;
  switch (outcome.kind) {
    case "COMPLETED":
      return { status: "COMPLETED", delayMs: 0, attemptsLeft };
    case "CANCELLED":
      return { status: "CANCELLED", delayMs: 0, attemptsLeft };
    case "RELEASED":
      return { status: "PENDING", delayMs: 0, attemptsLeft: attemptsLeft + 1 };
    case "POSTPONED":
      return { status: "SCHEDULED", delayMs: outcome.delayMs, attemptsLeft: attemptsLeft + 1 };
    case "LOST":
      return { status: attemptsLeft > 0 ? "PENDING" : "FAILED", delayMs: 0, attemptsLeft };
    case "FAILED":
    case "TIMED_OUT":
      return afterError(attempt, outcome, random);
  }
}

function afterError(
  attempt: AttemptState,
  outcome: Extract<Outcome, { kind: "FAILED" | "TIMED_OUT" }>,
  random: () => number,
): Decision {
  const { attemptsLeft, maxAttempts, backoff } = attempt;
  if (attemptsLeft <= 0 || !outcome.error.retryable) {
    return { status: "FAILED", delayMs: 0, attemptsLeft };
  }
  const asked = outcome.kind === "FAILED" ? (outcome.retryAfterMs ?? 0) : 0;
  const delayMs = Math.max(asked, backoffDelayMs(backoff, maxAttempts - attemptsLeft, random));
  return { status: "SCHEDULED", delayMs, attemptsLeft };
}
