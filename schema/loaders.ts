/** Reads that belong to single jobs, gathered into one statement for all jobs of a response. */
import DataLoader from "dataloader";
import type { JobRecord } from "../src/domain/job-record.ts";
import type { LookUpJobs } from "../src/operations/look-up-jobs.ts";
import { type Cancellation, readCancellations } from "../src/store/cancellations.ts";
import type { Database } from "../src/store/database.ts";
import {
  type AttemptRecord,
  type DatedError,
  readAttempts,
  readLastErrors,
} from "../src/store/read-attempts.ts";
import {
  readWorkerLoads,
  type WorkerLoad,
  type WorkerRecord,
} from "../src/store/read-instances.ts";
import { readPayloads } from "../src/store/read-payloads.ts";
import { readResults } from "../src/store/read-results.ts";
import { readTimelines, type TimelineEvent } from "../src/store/read-timelines.ts";

/** By job id, but for the last. What is not there is null, an empty list, or idle. */
export interface Loaders {
  readonly job: DataLoader<string, JobRecord | null>;
  readonly payload: DataLoader<string, unknown>;
  readonly result: DataLoader<string, unknown>;
  readonly attempts: DataLoader<string, readonly AttemptRecord[]>;
  readonly lastError: DataLoader<string, LastError | null>;
  readonly timeline: DataLoader<string, readonly TimelineEvent[]>;
  readonly cancellation: DataLoader<string, Cancellation | null>;
  readonly workerLoad: DataLoader<WorkerRecord, WorkerLoad, string>;
}

/** With the number of the attempt that it ended. */
export type LastError = DatedError & { readonly attempt: number };

const IDS_MAX = 1_000;
/** Each may have hundreds of events; a page of jobs is no longer than this. */
const TIMELINES_MAX = 100;

/** @param lookUpJobs shares its statements with other responses; all others are of this one alone */
export function createLoaders(db: Database, lookUpJobs: LookUpJobs): Loaders {
  return {
    job: loaderOf<JobRecord | null>(lookUpJobs, null),
    payload: loaderOf<unknown>((ids) => readPayloads(db, ids), null),
    result: loaderOf<unknown>((ids) => readResults(db, ids), null),
    attempts: loaderOf<readonly AttemptRecord[]>((ids) => readAttempts(db, ids), []),
    lastError: loaderOf<LastError | null>((ids) => readLastErrors(db, ids), null),
    timeline: loaderOf<readonly TimelineEvent[]>(
      (ids) => readTimelines(db, ids),
      [],
      TIMELINES_MAX,
    ),
    cancellation: loaderOf<Cancellation | null>((ids) => readCancellations(db, ids), null),
    workerLoad: workerLoads(db),
  };
}

/** All workers at once, however many: their statement reads the same rows for one as for all. */
function workerLoads(db: Database): DataLoader<WorkerRecord, WorkerLoad, string> {
  const load = async (workers: readonly WorkerRecord[]): Promise<WorkerLoad[]> => {
    const found = await readWorkerLoads(db, workers);
    return workers.map(({ id }) => found.get(id) ?? { threadsInUse: 0, jobIds: [] });
  };
  return new DataLoader(load, { cacheKeyFn: ({ id }: WorkerRecord) => id });
}

function loaderOf<Value>(
  read: (ids: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
  missing: Value,
  maxBatchSize = IDS_MAX,
): DataLoader<string, Value> {
  const load = async (ids: readonly string[]): Promise<Value[]> => {
    const found = await read(ids);
    return ids.map((id) => found.get(id) ?? missing);
  };
  return new DataLoader<string, Value>(load, { maxBatchSize });
}
