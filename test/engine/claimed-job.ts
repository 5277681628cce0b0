/** A claimed job of no database. */
import type { ClaimedJob } from "../../src/store/claim-jobs.ts";

export function claimedJob(id: string): ClaimedJob {
  return {
    ...{ id, token: "t", threads: 1, priority: 0, rank: 0, attempt: 1, attemptsLeft: 2 },
    ...{ maxAttempts: 3, version: 3, scheduledAtMs: 0, readyAtMs: 0, claimedAtMs: 0 },
    lane: { id: 1, queue: "default", type: "held", threads: 1, suspect: false },
    backoff: { kind: "FIXED", baseMs: 10, maxMs: 10, jitter: 0 },
    ...{ expiresInMs: null, timeoutMs: 60_000, payload: "{}" },
  };
}
