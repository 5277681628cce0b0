import { expect, it } from "vitest";
import { DEFAULT_BACKOFF } from "../../src/domain/backoff.ts";
import type { JobEvent } from "../../src/domain/event.ts";
import { applyEvent, type JobRecord } from "../../src/domain/job-record.ts";

const job: JobRecord = {
  id: "0193a5b0-0000-7000-8000-000000000001",
  type: "add_numbers",
  queue: "default",
  threadDemand: 2,
  name: "sum",
  maxAttempts: 3,
  timeoutMs: 60_000,
  backoff: DEFAULT_BACKOFF,
  tags: ["a"],
  idempotencyKey: "key",
  createdAtMs: 1_000,
  expiresAtMs: null,
  status: "PENDING",
  version: 1,
  priority: 0,
  attempt: 0,
  attemptsLeft: 3,
  threads: null,
  progress: null,
  scheduledAtMs: 1_000,
  updatedAtMs: 1_000,
  startedAtMs: null,
  finishedAtMs: null,
  queueTimeMs: null,
};

const started: JobEvent = {
  id: job.id,
  version: 2,
  status: "RUNNING",
  previousStatus: "PENDING",
  type: "add_numbers",
  queue: "default",
  priority: 5,
  attempt: 1,
  attemptsLeft: 2,
  threads: 2,
  progress: 0,
  atMs: 2_000,
  scheduledAtMs: 1_500,
  startedAtMs: 2_000,
  finishedAtMs: null,
  queueTimeMs: 500,
};

it("an event brings every changing field of a job up to its time, and nothing else", () => {
  expect(applyEvent(job, started)).toEqual({
    ...job,
    status: "RUNNING",
    version: 2,
    priority: 5,
    attempt: 1,
    attemptsLeft: 2,
    threads: 2,
    progress: 0,
    scheduledAtMs: 1_500,
    updatedAtMs: 2_000,
    startedAtMs: 2_000,
    finishedAtMs: null,
    queueTimeMs: 500,
  });
});

it("an event clears what it says is no more", () => {
  const running = applyEvent(job, started);
  const retried = applyEvent(running, {
    ...started,
    version: 3,
    status: "SCHEDULED",
    threads: null,
    progress: null,
    startedAtMs: null,
    queueTimeMs: null,
  });
  expect(retried).toMatchObject({ status: "SCHEDULED", startedAtMs: null, queueTimeMs: null });
  expect(retried).toMatchObject({ threads: null, progress: null });
});

it("the job that an event is applied to stays as it was", () => {
  applyEvent(job, started);
  expect(job).toMatchObject({ status: "PENDING", version: 1, attempt: 0 });
});
