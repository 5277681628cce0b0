/** Stores jobs of which some carry idempotency keys, also where a key comes twice in one list. */
import { RequestError } from "../domain/errors.ts";
import type { JobRecord } from "../domain/job-record.ts";
import type { Queryable } from "../store/database.ts";
import { insertKeyedJobs, type KeyedInsert, type NewJob, readKeys } from "../store/insert-jobs.ts";
import { readJobs } from "../store/read-jobs.ts";
import { type IdempotencyKeyReused, type InvalidInput, idempotencyKeyReused } from "./failures.ts";
import { storeInTime } from "./store-in-time.ts";

export interface Submitted {
  readonly kind: "SUBMITTED";
  readonly job: JobRecord;
  /** False: the idempotency key found the job that an earlier submit of the same input made. */
  readonly created: boolean;
}

type Found = Submitted | IdempotencyKeyReused;

/**
 * In the order of `jobs`; the first job with a key is the one that may be stored.
 *
 * @param tx a transaction, so that nothing is stored when it rejects
 * @throws RequestError UNAVAILABLE if the job of a key was deleted between two statements
 */
export function storeKeyed(
  tx: Queryable,
  jobs: readonly NewJob[],
): Promise<(Found | InvalidInput)[]> {
  return storeInTime(tx, jobs, {
    store: (inTime) => storeAll(tx, inTime),
    refuse: (late, refusal) => findOrRefuse(tx, late, refusal),
  });
}

/** A submit that is repeated with its key finds its job for ever, also once that has expired. */
async function findOrRefuse(
  tx: Queryable,
  late: readonly NewJob[],
  refusal: InvalidInput,
): Promise<(Found | InvalidInput)[]> {
  const keys = late.flatMap(({ idempotencyKey }) => idempotencyKey ?? []);
  const owners = await readKeys(tx, keys);
  const existing = await readJobs(
    tx,
    [...owners.values()].map(({ job_id }) => job_id),
  );
  return late.map((job) => {
    const owner = job.idempotencyKey === null ? undefined : owners.get(job.idempotencyKey);
    return owner === undefined ? refusal : found(existing, owner.job_id, owner.input_hash, job);
  });
}

async function storeAll(tx: Queryable, jobs: readonly NewJob[]): Promise<Found[]> {
  const firsts = firstOfEachKey(jobs);
  const leaders = jobs.filter((job) => leaderOf(firsts, job) === job);
  const inserts = await insertKeyedJobs(tx, leaders);
  const insertOf = new Map(leaders.map((leader, index) => [leader, inserts[index]]));
  const existing = await readExisting(tx, inserts);
  return jobs.map((job) => {
    const leader = leaderOf(firsts, job);
    const insert = insertOf.get(leader);
    if (insert === undefined) throw new Error(`job ${leader.id} has no insert`);
    if (!insert.created) return found(existing, insert.existingId, insert.inputHash, job);
    if (leader === job) return { kind: "SUBMITTED", job: insert.job, created: true };
    return sameOrReused(insert.job, leader.inputHash === job.inputHash);
  });
}

function firstOfEachKey(jobs: readonly NewJob[]): Map<string, NewJob> {
  const firsts = new Map<string, NewJob>();
  for (const job of jobs) {
    const key = job.idempotencyKey;
    if (key !== null && !firsts.has(key)) firsts.set(key, job);
  }
  return firsts;
}

function leaderOf(firsts: Map<string, NewJob>, job: NewJob): NewJob {
  return job.idempotencyKey === null ? job : (firsts.get(job.idempotencyKey) ?? job);
}

async function readExisting(
  tx: Queryable,
  inserts: readonly KeyedInsert[],
): Promise<Map<string, JobRecord>> {
  const ids = inserts.flatMap((insert) => (insert.created ? [] : [insert.existingId]));
  return ids.length === 0 ? new Map() : readJobs(tx, ids);
}

function found(
  existing: Map<string, JobRecord>,
  id: string,
  inputHash: string,
  job: NewJob,
): Found {
  const record = existing.get(id);
  if (record === undefined) {
    const message = `the job of an idempotencyKey was deleted just now; send the request again`;
    throw new RequestError("UNAVAILABLE", message);
  }
  return sameOrReused(record, inputHash === job.inputHash);
}

function sameOrReused(job: JobRecord, sameInput: boolean): Found {
  return sameInput ? { kind: "SUBMITTED", job, created: false } : idempotencyKeyReused(job);
}
