/** A job as a submit would store it, with nothing special about it: tests change what they are about. */
import type { NewJob } from "../../src/store/insert-jobs.ts";

export const PLAIN_JOB: Omit<NewJob, "id" | "lane"> = {
  priority: 0,
  payload: "{}",
  name: null,
  tags: [],
  maxAttempts: 3,
  backoff: { kind: "EXPONENTIAL", baseMs: 20, maxMs: 1_000, jitter: 0 },
  timeoutMs: 30_000,
  scheduledAtMs: null,
  expiresAtMs: null,
  idempotencyKey: null,
  inputHash: null,
};
