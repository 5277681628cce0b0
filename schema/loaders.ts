/** Reads that belong to single jobs, gathered into one statement for all jobs of a response. */
import DataLoader from "dataloader";
import type { JobRecord } from "../src/domain/job-record.ts";
import type { LogLine } from "../src/domain/log-line.ts";
import type { LookUpJobs } from "../src/operations/look-up-jobs.ts";
import { type Cancellation, readCancellations } from "../src/store/cancellations.ts";
import type { Database } from "../src/store/database.ts";
import {
  type AttemptRecord,
  type DatedError,
  readAttempts,
  readLastErrors,
} from "../src/store/read-attempts.ts";
import { type EndedRun, type RunKey, readEndedRuns, runKey } from "../src/store/read-ended-runs.ts";
import {
  readWorkerLoads,
  type WorkerLoad,
  type WorkerRecord,
} from "../src/store/read-instances.ts";
import { type LogAsk, readLogLines } from "../src/store/read-log-lines.ts";
import { readPayloads } from "../src/store/read-payloads.ts";
import { readResults } from "../src/store/read-results.ts";
import { readTimelines, type TimelineEvent } from "../src/store/read-timelines.ts";

/** By job id, but for the last three. What is not there is null, an empty list, or idle. */
export interface Loaders {
  readonly job: DataLoader<string, JobRecord | null>;
  readonly payload: DataLoader<string, unknown>;
  readonly result: DataLoader<string, unknown>;
  readonly attempts: DataLoader<string, readonly AttemptRecord[]>;
  readonly lastError: DataLoader<string, LastError | null>;
  readonly timeline: DataLoader<string, readonly TimelineEvent[]>;
  readonly cancellation: DataLoader<string, Cancellation | null>;
  readonly endedRun: DataLoader<RunKey, EndedRun | null, string>;
  readonly workerLoad: DataLoader<WorkerRecord, WorkerLoad, string>;
  readonly logs: DataLoader<LogAsk, readonly LogLine[], string>;
}

/** With the number of the attempt that it ended. */
export type LastError = DatedError & { readonly attempt: number };

const IDS_MAX = 1_000;
/** Each may have hundreds of events; a page of jobs is no longer than this. */
const TIMELINES_MAX = 100;
/** Each may have a thousand lines. */
const LOGS_MAX = 20;

/** @param lookUpJobs shares its statements with other responses; all others are of this one alone */
export function createLoaders(db: Database, lookUpJobs: LookUpJobs): Loaders {
  return new LazyLoaders(db, lookUpJobs);
}

/** Each is made when it is first asked for: most executions, and all that wait to share one, need none. */
class LazyLoaders implements Loaders {
  readonly #db: Database;
  readonly #lookUpJobs: LookUpJobs;
  readonly #made: { -readonly [Name in keyof Loaders]?: Loaders[Name] } = {};

  constructor(db: Database, lookUpJobs: LookUpJobs) {
    this.#db = db;
    this.#lookUpJobs = lookUpJobs;
  }

  get job() {
    this.#made.job ??= loaderOf<JobRecord | null>(this.#lookUpJobs, null);
    return this.#made.job;
  }

  get payload() {
    this.#made.payload ??= loaderOf<unknown>((ids) => readPayloads(this.#db, ids), null);
    return this.#made.payload;
  }

  get result() {
    this.#made.result ??= loaderOf<unknown>((ids) => readResults(this.#db, ids), null);
    return this.#made.result;
  }

  get attempts() {
    this.#made.attempts ??= loaderOf<readonly AttemptRecord[]>(
      (ids) => readAttempts(this.#db, ids),
      [],
    );
    return this.#made.attempts;
  }

  get lastError() {
    this.#made.lastError ??= loaderOf<LastError | null>(
      (ids) => readLastErrors(this.#db, ids),
      null,
    );
    return this.#made.lastError;
  }

  get timeline() {
    this.#made.timeline ??= loaderOf<readonly TimelineEvent[]>(
      (ids) => readTimelines(this.#db, ids),
      [],
      TIMELINES_MAX,
    );
    return this.#made.timeline;
  }

  get cancellation() {
    this.#made.cancellation ??= loaderOf<Cancellation | null>(
      (ids) => readCancellations(this.#db, ids),
      null,
    );
    return this.#made.cancellation;
  }

  get endedRun() {
    this.#made.endedRun ??= endedRuns(this.#db);
    return this.#made.endedRun;
  }

  get workerLoad() {
    this.#made.workerLoad ??= workerLoads(this.#db);
    return this.#made.workerLoad;
  }

  get logs() {
    this.#made.logs ??= logLines(this.#db);
    return this.#made.logs;
  }
}

function logLines(db: Database): DataLoader<LogAsk, readonly LogLine[], string> {
  const load = async (asks: readonly LogAsk[]) =>
    (await readLogLines(db, asks)).map((page) => page?.lines ?? []);
  const cacheKeyFn = ({ id, attempt, seq, first }: LogAsk) => `${id} ${attempt} ${seq} ${first}`;
  return new DataLoader(load, { maxBatchSize: LOGS_MAX, cacheKeyFn });
}

function endedRuns(db: Database): DataLoader<RunKey, EndedRun | null, string> {
  const load = async (keys: readonly RunKey[]): Promise<(EndedRun | null)[]> => {
    const found = await readEndedRuns(db, keys);
    return keys.map((key) => found.get(runKey(key)) ?? null);
  };
  return new DataLoader(load, { maxBatchSize: IDS_MAX, cacheKeyFn: runKey });
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
