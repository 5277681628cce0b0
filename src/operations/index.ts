/** What a caller may do, one verb a file. */
import {
  DEFAULT_OPERATION_LIMITS,
  type OperationDeps,
  type OperationLimits,
} from "./operation-deps.ts";
import { createSubmitJob, type SubmitJob } from "./submit-job.ts";
import { createSubmitJobs, type SubmitJobs } from "./submit-jobs.ts";

export interface Operations {
  readonly submitJob: SubmitJob;
  readonly submitJobs: SubmitJobs;
}

/** @param deps with limits where they differ from the default */
export function createOperations(
  deps: Omit<OperationDeps, "limits"> & { readonly limits?: Partial<OperationLimits> },
): Operations {
  const complete = { ...deps, limits: { ...DEFAULT_OPERATION_LIMITS, ...deps.limits } };
  return { submitJob: createSubmitJob(complete), submitJobs: createSubmitJobs(complete) };
}
