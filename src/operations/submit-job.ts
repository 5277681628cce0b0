/** Submits one job. Concurrent calls share their INSERT. */
import type { NewJob } from "../store/insert-jobs.ts";
import { announceSubmitted } from "./announce-submitted.ts";
import { AnsweredBatch } from "./answered-batch.ts";
import { assignLanes } from "./assign-lanes.ts";
import type { InvalidInput, SubmitFailure } from "./failures.ts";
import { isItemsFault } from "./items-fault.ts";
import type { OperationDeps } from "./operation-deps.ts";
import { storeInTime } from "./store-in-time.ts";
import { type Submitted, storeKeyed } from "./store-keyed.ts";
import { storeSubmits } from "./store-submits.ts";
import type { SubmitJobInput } from "./submit-input.ts";
import { type ValidSubmit, validateSubmit } from "./validate-submit.ts";

export type SubmitJobResult = Submitted | SubmitFailure;
export type SubmitJob = (input: SubmitJobInput) => Promise<SubmitJobResult>;

const BATCH_JOBS_MAX = 500;
// 500 payloads of 1 MiB in one statement would be half a gigabyte of message.
const BATCH_CHARS_MAX = 4 * 2 ** 20;

type Store = (submits: readonly ValidSubmit[]) => Promise<readonly SubmitJobResult[]>;

/**
 * Submits with a key go apart from the others: one that waits for the commit of another instance's
 * submit of the same key holds up nothing but keyed submits.
 */
export function createSubmitJob(deps: OperationDeps): SubmitJob {
  const plain = batchOf(deps, (submits) => storePlain(deps, submits));
  const keyed = batchOf(deps, (submits) => storeWithKeys(deps, submits));
  return async (input) => {
    const submit = await validateSubmit(input, deps.executors);
    if (submit.kind !== "VALID") return submit;
    return (submit.idempotencyKey === null ? plain : keyed).add(submit);
  };
}

function batchOf(
  { limits }: OperationDeps,
  run: Store,
): AnsweredBatch<ValidSubmit, SubmitJobResult> {
  return new AnsweredBatch({
    run,
    isItemsFault,
    weigh: (submit) => submit.payload.length,
    sizeMax: BATCH_JOBS_MAX,
    weightMax: BATCH_CHARS_MAX,
    waitingMax: limits.waitingSubmitsMax,
    waitingWeightMax: limits.waitingCharsMax,
  });
}

async function storePlain(
  deps: OperationDeps,
  submits: readonly ValidSubmit[],
): Promise<(Submitted | InvalidInput)[]> {
  return storeInTime(deps.db, submits, {
    store: (inTime) => storeChecked(deps, inTime),
    refuse: async (late, refusal) => late.map(() => refusal),
  });
}

async function storeChecked(
  deps: OperationDeps,
  submits: readonly ValidSubmit[],
): Promise<Submitted[]> {
  const jobs = await assignLanes(deps.lanes, submits);
  const stored = await storeSubmits(deps, jobs);
  return stored.map(({ record: job }): Submitted => ({ kind: "SUBMITTED", job, created: true }));
}

async function storeWithKeys(
  { db, lanes, bus }: OperationDeps,
  submits: readonly ValidSubmit[],
): Promise<SubmitJobResult[]> {
  const jobs = await assignLanes(lanes, submits);
  const results = await db.transaction("submit-keyed-jobs", (tx) => storeKeyed(tx, jobs));
  announceCreated(bus, jobs, results);
  return results;
}

/** @param results of `jobs`, in their order, after the commit */
export function announceCreated(
  bus: OperationDeps["bus"],
  jobs: readonly NewJob[],
  results: readonly SubmitJobResult[],
): void {
  const created = jobs.flatMap(({ lane }, index) => {
    const result = results[index];
    return result?.kind === "SUBMITTED" && result.created ? [{ job: result.job, lane }] : [];
  });
  announceSubmitted(bus, created);
}
