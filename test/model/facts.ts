/** What calls are given and what they answer, in one shape for the store and for the model. */
import type { Outcome } from "../../src/domain/outcome.ts";
import type { ClaimedJob } from "../../src/store/claim-jobs.ts";
import type { MovedJob } from "../../src/store/moved-job.ts";
import type { Ending } from "./actions.ts";
import type { ModelJob } from "./model-state.ts";

/** A job that a call moved, or that it answered with, as it is then. */
export interface Fact {
  readonly id: string;
  readonly version: number;
  readonly [more: string]: unknown;
}

export function outcomeOf(how: Ending): Outcome {
  const error = { message: "no", code: null, stack: null, retryable: how !== "FAILED for good" };
  switch (how) {
    case "FAILED":
    case "FAILED for good":
      return { kind: "FAILED", error };
    case "FAILED, later":
      return { kind: "FAILED", error, retryAfterMs: 250 };
    case "TIMED_OUT":
      return { kind: "TIMED_OUT", error };
    case "POSTPONED":
      return { kind: "POSTPONED", delayMs: 120 };
    default:
      return { kind: how };
  }
}

export function kindOf(outcome: Outcome) {
  if (outcome.kind === "COMPLETED") throw new Error("successes are finished");
  return outcome.kind;
}

export function stateFact({ id, version, status }: ModelJob): Fact {
  return { id, version, status };
}

export function claimFact(job: ClaimedJob | ModelJob): Fact {
  const { id, priority, rank, attempt, attemptsLeft, maxAttempts, version } = job;
  const lane = typeof job.lane === "number" ? job.lane : job.lane.id;
  return { id, lane, priority, rank, attempt, attemptsLeft, maxAttempts, version };
}

export function moveFact(job: MovedJob | ModelJob): Fact {
  const { id, lane, version, attempt, attemptsLeft } = job;
  const status = "to" in job ? job.to : job.status;
  return { id, lane, status, version, attempt, attemptsLeft };
}

export function sorted(facts: readonly Fact[]): Fact[] {
  return facts.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
