/**
 * Stores submitted jobs of which some start at once, on threads that this instance keeps free for
 * them: one commit instead of two, for submits to an idle instance. What the log and the counters say
 * is what a submit and a claim would have made them say.
 */
import type { JobRecord } from "../domain/job-record.ts";
import { bareArray } from "./array-literal.ts";
import type { ClaimedJob } from "./claim-jobs.ts";
import type { Queryable } from "./database.ts";
import {
  columnsOf,
  insertJobs,
  type NewJob,
  readyJobs,
  submittedJobs,
  submittedRecord,
} from "./insert-jobs.ts";
import { logMoves } from "./log-moves.ts";
import { type StartingPlace, startOne } from "./start-one.ts";

/** A starting place that is kept for one job, until one of the three is called. */
export interface Seat {
  readonly place: StartingPlace;
  /** The commit is known: the job runs. */
  start(job: ClaimedJob): void;
  /** Nothing was started. */
  release(): void;
  /** No answer came: the job may have been started under this token all the same. */
  abandon(token: string): void;
}

/** Only a job without `scheduledAt` and `expiresAt` may have a place. */
export interface StartingJob {
  readonly job: NewJob;
  readonly place: StartingPlace | null;
}

export interface StartedJob {
  readonly record: JobRecord;
  /** Null where it waits for a claim. */
  readonly claimed: ClaimedJob | null;
}

// An instance that was declared dead must not start anything: then all of them wait for a claim.
const START = {
  name: "start-jobs",
  text: `/* start-jobs */
with ${submittedJobs({
    arrays: ", $12::int[], $13::smallint[], $14::smallint[]",
    columns: ", instance, worker, threads",
  })}, alive as materialized (
  select id from vinyasa.instances where id = any($12::int[]) and ended_at is null
), b as materialized (
  select x.* from x join alive on alive.id = x.instance
), ${readyJobs("id not in (select id from b)")}, d as (
  insert into vinyasa.running_jobs (job_id, token, instance, worker, threads, lane, priority, at,
    version, attempt, attempts_left, ready_at, started_at, claim_version)
  select id, $15::uuid, instance, worker, threads, lane, priority, at, 2, 1, max_attempts - 1, now,
    now, 2 from b
), moved as (
  select id as job_id, lane, null::smallint as from_status, 3::smallint as to_status, 1 as version,
    0 as attempt from x
  union all
  select id, lane, 3::smallint, 4::smallint, 2, 1 from b
), ${logMoves("moved")}
select vinyasa.ms(t.now) as now_ms, array(select id::text from b) as started from t`,
};

/**
 * Jobs without an idempotency key, in their order.
 *
 * @param token a new uuid
 */
export async function startJobs(
  db: Queryable,
  starting: readonly StartingJob[],
  token: string,
): Promise<StartedJob[]> {
  const [only] = starting;
  if (starting.length === 1 && only !== undefined && only.place !== null) {
    return [await startAlone(db, only.job, only.place, token)];
  }
  return startTogether(db, starting, token);
}

async function startAlone(
  db: Queryable,
  job: NewJob,
  place: StartingPlace,
  token: string,
): Promise<StartedJob> {
  const nowMs = await startOne(db, job, place, token);
  if (nowMs !== null) return startedJob(job, place, token, nowMs);
  const [record] = await insertJobs(db, [job]);
  if (record === undefined) throw new Error("insert-jobs did not answer");
  return { record, claimed: null };
}

async function startTogether(
  db: Queryable,
  starting: readonly StartingJob[],
  token: string,
): Promise<StartedJob[]> {
  const places = starting.map(({ place }) => place);
  const [row] = await db.query<{ now_ms: number; started: string[] }>(START, [
    ...columnsOf(starting.map(({ job }) => job)),
    bareArray(places.map((place) => place?.instance ?? null)),
    bareArray(places.map((place) => place?.worker ?? null)),
    bareArray(places.map((place) => place?.threads ?? null)),
    token,
  ]);
  if (row === undefined) throw new Error("start-jobs did not answer");
  const started = new Set(row.started);
  return starting.map(({ job, place }): StartedJob => {
    if (place !== null && started.has(job.id)) return startedJob(job, place, token, row.now_ms);
    return { record: submittedRecord(job, row.now_ms), claimed: null };
  });
}

function startedJob(job: NewJob, place: StartingPlace, token: string, nowMs: number): StartedJob {
  const claimed = claimedJob(job, place, token, nowMs);
  return { record: runningRecord(submittedRecord(job, nowMs), claimed), claimed };
}

function claimedJob(
  job: NewJob,
  { threads }: StartingPlace,
  token: string,
  nowMs: number,
): ClaimedJob {
  return {
    id: job.id,
    token,
    lane: job.lane,
    threads,
    priority: job.priority,
    rank: 0 - job.priority,
    attempt: 1,
    attemptsLeft: job.maxAttempts - 1,
    maxAttempts: job.maxAttempts,
    version: 2,
    scheduledAtMs: nowMs,
    readyAtMs: nowMs,
    claimedAtMs: nowMs,
    expiresInMs: null,
    backoff: job.backoff,
    timeoutMs: job.timeoutMs,
    payload: job.payload,
  };
}

function runningRecord(record: JobRecord, claimed: ClaimedJob): JobRecord {
  const { version, attempt, attemptsLeft, threads, claimedAtMs } = claimed;
  return {
    ...record,
    status: "RUNNING",
    version,
    attempt,
    attemptsLeft,
    threads,
    startedAtMs: claimedAtMs,
    queueTimeMs: 0,
  };
}
