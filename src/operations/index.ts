/** What a caller may do, one verb a file. */
import { type CancelJob, createCancelJob } from "./cancel-job.ts";
import {
  DEFAULT_OPERATION_LIMITS,
  type OperationDeps,
  type OperationLimits,
} from "./operation-deps.ts";
import { createRetryJob, type RetryJob } from "./retry-job.ts";
import { createSubmitJob, type SubmitJob } from "./submit-job.ts";
import { createSubmitJobs, type SubmitJobs } from "./submit-jobs.ts";

export interface Operations {
  readonly submitJob: SubmitJob;
  readonly submitJobs: SubmitJobs;
  readonly cancelJob: CancelJob;
  readonly retryJob: RetryJob;
}

/** @param deps with limits where they differ from the default */
export function createOperations(
  deps: Omit<OperationDeps, "limits"> & { readonly limits?: Partial<OperationLimits> },
): Operations {
  const complete = { ...deps, limits: { ...DEFAULT_OPERATION_LIMITS, ...deps.limits } };
  return {
    submitJob: createSubmitJob(complete),
    submitJobs: createSubmitJobs(complete),
    cancelJob: createCancelJob(complete),
    retryJob: createRetryJob(complete),
  };
}
