/** Jobs straight into the store. */
import { insertJobs, type NewJob } from "../../dist/src/store/insert-jobs.js";
import { newJobId } from "../../dist/src/store/job-id.js";
import type { Lane } from "../../dist/src/store/lane-catalog.js";
import { addInBatches, type Payload } from "../harness/workload.ts";
import type { Parts } from "./parts.ts";

const BACKOFF = { kind: "EXPONENTIAL", baseMs: 2_000, maxMs: 3_600_000, jitter: 0.25 } as const;

/** Stores `count` jobs in batches of 1,000, one after the other. */
export async function insertInBatches(
  { dbs, lanes }: Parts,
  count: number,
  timeoutMs = 60_000,
): Promise<void> {
  const [lane] = await lanes.intern([{ queue: "default", type: "noop", threads: 1 }]);
  if (lane === undefined) throw new Error("the lane was not stored");
  await addInBatches(count, (payloads) =>
    insertJobs(
      dbs.api,
      payloads.map((payload) => toJob(lane, payload, timeoutMs)),
    ),
  );
}

function toJob(lane: Lane, payload: Payload, timeoutMs: number): NewJob {
  return {
    id: newJobId(),
    lane,
    priority: 0,
    payload: JSON.stringify(payload),
    name: null,
    tags: [],
    maxAttempts: 3,
    backoff: BACKOFF,
    timeoutMs,
    scheduledAtMs: null,
    expiresAtMs: null,
    idempotencyKey: null,
    inputHash: null,
  };
}
