/** Finds jobs by their ids. Concurrent calls share their statements. */
import type { JobRecord } from "../domain/job-record.ts";
import { readByIds } from "../store/job-ids.ts";
import { readJobs } from "../store/read-jobs.ts";
import { AnsweredBatch } from "./answered-batch.ts";
import { isItemsFault } from "./items-fault.ts";
import type { OperationDeps } from "./operation-deps.ts";

type Jobs = Map<string, JobRecord>;

/** Keyed by the ids as they were asked for. What names no job is absent. */
export type LookUpJobs = (ids: readonly string[]) => Promise<ReadonlyMap<string, JobRecord>>;

/** Ids in one statement. */
const IDS_MAX = 1_000;
const WAITING_MAX = 10_000;
/** A thousand jobs take some 10 ms: what takes a hundred times as long is on a connection that hangs. */
const SLOW_AFTER_MS = 1_000;

/**
 * However many clients ask for their jobs again and again, two statements are in flight. Nothing is
 * remembered: each call is answered by a statement that began after it, so whoever has been told of a
 * change finds it. The ids of one call are read in one snapshot.
 *
 * Callers who ask for the same job get the same record: it is not theirs to change.
 */
export function createLookUpJobs({ db }: Pick<OperationDeps, "db">): LookUpJobs {
  const batch = new AnsweredBatch<readonly string[], Jobs>({
    run: async (calls) => {
      const found = await readJobs(db, calls.flat());
      return calls.map(() => found);
    },
    isItemsFault,
    weigh: (ids) => ids.length,
    sizeMax: IDS_MAX,
    weightMax: IDS_MAX,
    waitingMax: WAITING_MAX,
    waitingWeightMax: WAITING_MAX,
    slowAfterMs: SLOW_AFTER_MS,
  });
  return (ids) => readByIds(ids, (distinct) => batch.add(distinct));
}
