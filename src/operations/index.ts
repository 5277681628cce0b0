/** What a caller may do, one verb a file. */
import { type CancelJob, createCancelJob } from "./cancel-job.ts";
import { createLookUpJobs, type LookUpJobs } from "./look-up-jobs.ts";
import {
  DEFAULT_OPERATION_LIMITS,
  type OperationDeps,
  type OperationLimits,
} from "./operation-deps.ts";
import { createReadForLists, type ReadForLists } from "./read-for-lists.ts";
import { createRetryJob, type RetryJob } from "./retry-job.ts";
import { NO_SEATS, type Seats } from "./seats.ts";
import { createSubmitJob, type SubmitJob } from "./submit-job.ts";
import { createSubmitJobs, type SubmitJobs } from "./submit-jobs.ts";

export interface Operations {
  readonly submitJob: SubmitJob;
  readonly submitJobs: SubmitJobs;
  readonly cancelJob: CancelJob;
  readonly retryJob: RetryJob;
  readonly lookUpJobs: LookUpJobs;
  readonly readForLists: ReadForLists;
}

type Given = Omit<OperationDeps, "limits" | "seats"> & {
  readonly limits?: Partial<OperationLimits>;
  readonly seats?: Seats;
};

/** @param deps with limits where they differ from the default, and seats where jobs run here */
export function createOperations(deps: Given): Operations {
  const { seats = NO_SEATS } = deps;
  const complete = { ...deps, seats, limits: { ...DEFAULT_OPERATION_LIMITS, ...deps.limits } };
  return {
    submitJob: createSubmitJob(complete),
    submitJobs: createSubmitJobs(complete),
    cancelJob: createCancelJob(complete),
    retryJob: createRetryJob(complete),
    lookUpJobs: createLookUpJobs(complete),
    readForLists: createReadForLists(complete),
  };
}
