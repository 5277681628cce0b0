/** Submits a list of jobs in one transaction. */
import { setImmediate } from "node:timers/promises";
import { assignLanes } from "./assign-lanes.ts";
import {
  type BatchRejected,
  batchRejected,
  type InvalidInput,
  invalidInput,
  type QueueFull,
  type RejectedJob,
  type SubmitFailure,
} from "./failures.ts";
import type { OperationDeps } from "./operation-deps.ts";
import { storeKeyed } from "./store-keyed.ts";
import type { SubmitJobInput } from "./submit-input.ts";
import { announceCreated, type SubmitJobResult } from "./submit-job.ts";
import { type ValidSubmit, validateSubmit } from "./validate-submit.ts";

export const BULK_POLICIES = ["REJECT_ALL", "REJECT_FAILED"] as const;
export type BulkPolicy = (typeof BULK_POLICIES)[number];

export interface SubmittedJobs {
  readonly kind: "SUBMITTED_JOBS";
  /** `results[i]` belongs to `jobs[i]`. */
  readonly results: readonly SubmitJobResult[];
  readonly submittedCount: number;
  readonly failedCount: number;
}

export type SubmitJobsResult = SubmittedJobs | BatchRejected | InvalidInput | QueueFull;
export type SubmitJobs = (
  jobs: readonly SubmitJobInput[],
  policy: BulkPolicy,
) => Promise<SubmitJobsResult>;

// About 10 ms of checking small payloads; then others get their turn on the event loop.
const CHECKED_PER_TURN = 500;

export function createSubmitJobs(deps: OperationDeps): SubmitJobs {
  return async (inputs, policy) => {
    const { bulkJobsMax } = deps.limits;
    if (inputs.length > bulkJobsMax) {
      const message = `has ${inputs.length} jobs, more than the ${bulkJobsMax} that one request may hold`;
      return invalidInput([{ message, path: ["jobs"] }]);
    }
    const checked = await validateAll(deps, inputs);
    const rejected = rejectedOf(checked);
    if (policy === "REJECT_ALL" && rejected.length > 0)
      return batchRejected(rejected, inputs.length);
    const stored = await store(deps, checked, policy);
    return Array.isArray(stored) ? summary(stored) : stored;
  };
}

type Checked = ValidSubmit | SubmitFailure;

async function validateAll(
  { executors }: OperationDeps,
  inputs: readonly SubmitJobInput[],
): Promise<Checked[]> {
  const checked: Checked[] = [];
  for (const input of inputs) {
    checked.push(await validateSubmit(input, executors));
    if (checked.length % CHECKED_PER_TURN === 0) await setImmediate();
  }
  return checked;
}

/** Undoes the transaction of a REJECT_ALL that met a reused key. */
class Undo extends Error {
  readonly rejection: BatchRejected;

  constructor(rejection: BatchRejected) {
    super("submitJobs is undone");
    this.rejection = rejection;
  }
}

async function store(
  { db, lanes, bus }: OperationDeps,
  checked: readonly Checked[],
  policy: BulkPolicy,
): Promise<SubmitJobResult[] | BatchRejected> {
  const valid = checked.filter((item) => item.kind === "VALID");
  if (valid.length === 0) return checked.filter((item) => item.kind !== "VALID");
  const jobs = await assignLanes(lanes, valid);
  try {
    const results = await db.transaction("submit-jobs", async (tx) => {
      const stored = await storeKeyed(tx, jobs);
      const rejected = rejectedOf(stored);
      if (policy === "REJECT_ALL" && rejected.length > 0) {
        throw new Undo(batchRejected(rejected, jobs.length));
      }
      return stored;
    });
    announceCreated(bus, jobs, results);
    return inPlace(checked, results);
  } catch (error) {
    if (error instanceof Undo) return error.rejection;
    throw error;
  }
}

function inPlace(
  checked: readonly Checked[],
  results: readonly SubmitJobResult[],
): SubmitJobResult[] {
  const next = results.values();
  return checked.map((item) => {
    if (item.kind !== "VALID") return item;
    const result = next.next();
    if (result.done === true) throw new Error("submitJobs lost one of its results");
    return result.value;
  });
}

function rejectedOf(items: readonly (Checked | SubmitJobResult)[]): RejectedJob[] {
  return items.flatMap((item, index) =>
    item.kind === "VALID" || item.kind === "SUBMITTED" ? [] : [{ index, error: item }],
  );
}

function summary(results: readonly SubmitJobResult[]): SubmittedJobs {
  const failedCount = rejectedOf(results).length;
  const submittedCount = results.length - failedCount;
  return { kind: "SUBMITTED_JOBS", results, submittedCount, failedCount };
}
