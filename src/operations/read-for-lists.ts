/**
 * Reads the jobs of all live lists of an instance. However many lists there are, two statements are in
 * flight: a thousand lists that each took a connection once a change was told made submits wait for
 * seconds. A list that waits for its turn tells more at once.
 */
import type { JobRecord } from "../domain/job-record.ts";
import { BoundedWork } from "../events/bounded-work.ts";
import { readByIds } from "../store/job-ids.ts";
import { type JobListQuery, type JobPage, listJobs } from "../store/list-jobs.ts";
import { readJobs } from "../store/read-jobs.ts";
import type { OperationDeps } from "./operation-deps.ts";

type Jobs = Map<string, JobRecord>;

export interface ReadForLists {
  /** Those who wait at the same time are answered together, and each job is read once for all of them. */
  readonly readJobs: (ids: readonly string[]) => Promise<ReadonlyMap<string, JobRecord>>;
  readonly listJobs: (query: JobListQuery) => Promise<JobPage>;
}

/** Of which no read has begun. */
interface Gathered {
  readonly ids: Set<string>;
  readonly jobs: Promise<Jobs>;
}

const AT_ONCE = 2;
/** A thousand jobs take some 10 ms. */
const SLOW_AFTER_MS = 1_000;
/** In one statement, with no more than one call beyond. */
const IDS_MAX = 1_000;

export function createReadForLists({
  db,
  lanes,
}: Pick<OperationDeps, "db" | "lanes">): ReadForLists {
  const reads = new BoundedWork({ atOnce: AT_ONCE, slowAfterMs: SLOW_AFTER_MS });
  let waiting: Gathered | null = null;

  const gather = (ids: readonly string[]): Promise<Jobs> => {
    // Lists that hear of the same changes ask for the same ids.
    if (waiting === null || waiting.ids.size > IDS_MAX) waiting = begin();
    for (const id of ids) waiting.ids.add(id);
    return waiting.jobs;
  };

  const begin = (): Gathered => {
    const ids = new Set<string>();
    const jobs = reads.run(() => {
      if (waiting === gathered) waiting = null;
      return readJobs(db, [...ids]);
    });
    const gathered = { ids, jobs };
    return gathered;
  };

  return {
    readJobs: (ids) => readByIds(ids, gather),
    listJobs: (query) => reads.run(() => listJobs(db, lanes, query)),
  };
}
