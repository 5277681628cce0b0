/**
 * Copies of active jobs in Redis in front of the database: an experiment that is kept for its figures.
 *
 * It has what makes such copies cheap, and little of what would make them right: nobody removes a copy
 * when its job changes, they only grow old. What a full one would cost comes on top of what this does.
 */
import type { Redis } from "ioredis";
import { isFinal } from "../../dist/src/domain/job.js";
import type { JobRecord } from "../../dist/src/domain/job-record.js";
import { AnsweredBatch } from "../../dist/src/operations/answered-batch.js";
import type { LookUpJobs } from "../../dist/src/operations/look-up-jobs.js";

const COPY_MS = 500;
const IDS_MAX = 1_000;
const WAITING_MAX = 10_000;

type Jobs = ReadonlyMap<string, JobRecord>;

export function overCopies(redis: Redis, prefix: string, lookUpJobs: LookUpJobs): LookUpJobs {
  const keyOf = (id: string) => `${prefix}:${id}`;
  /** What has been answered: a copy that is older than it is not used. */
  const delivered = new Map<string, number>();

  async function readCopies(calls: readonly (readonly string[])[]): Promise<Jobs[]> {
    const ids = [...new Set(calls.flat())];
    const found = new Map<string, JobRecord>();
    for (const text of await redis.mget(ids.map(keyOf))) {
      if (text === null) continue;
      const job = JSON.parse(text) as JobRecord;
      if (job.version >= (delivered.get(job.id) ?? 0)) found.set(job.id, job);
    }
    return calls.map(() => found);
  }

  function keep(job: JobRecord): void {
    if (isFinal(job.status)) return;
    redis.set(keyOf(job.id), JSON.stringify(job), "PX", COPY_MS).catch(() => {});
  }

  const batch = new AnsweredBatch<readonly string[], Jobs>({
    run: readCopies,
    isItemsFault: () => false,
    weigh: (ids) => ids.length,
    ...{ sizeMax: IDS_MAX, weightMax: IDS_MAX },
    ...{ waitingMax: WAITING_MAX, waitingWeightMax: WAITING_MAX },
  });

  return async (ids) => {
    const copies = await batch.add(ids);
    const missing = ids.filter((id) => !copies.has(id));
    const fresh: Jobs = missing.length === 0 ? new Map() : await lookUpJobs(missing);
    for (const job of fresh.values()) keep(job);
    const found = new Map<string, JobRecord>();
    for (const id of ids) {
      const job = copies.get(id) ?? fresh.get(id);
      if (job === undefined) continue;
      found.set(id, job);
      delivered.set(id, Math.max(job.version, delivered.get(id) ?? 0));
    }
    return found;
  };
}
