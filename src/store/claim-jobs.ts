/**
 * Takes ready jobs for one worker: the hot statement of the engine.
 *
 * A lane's rows are taken from the front of the primary key, from where the caller remembers that
 * live rows begin: dead rows before the first live one made a claim 4 times slower after 100,000
 * cycles under an old snapshot. Between lanes, a peek that locks nothing first finds how many of the
 * best rows each lane holds; then that many are locked in each. Locking while peeking would lock
 * (lanes × limit) rows for nothing.
 */
import type { LanePlace } from "../domain/lane-place.ts";
import { bareArray } from "./array-literal.ts";
import type { Queryable } from "./database.ts";
import { COPIED_BYTES_MAX } from "./insert-jobs.ts";
import type { Lane } from "./lane-catalog.ts";
import { logMoves } from "./log-moves.ts";
import { type Policy, policyOf } from "./policy.ts";

/** A lane that the worker can serve now. */
export interface ClaimLane {
  readonly lane: Lane;
  /** Threads that a job of this lane is granted on this worker. */
  readonly threads: number;
  /** Rows before this place are known to be gone. */
  readonly from: LanePlace;
}

export interface ClaimRequest {
  readonly lanes: readonly ClaimLane[];
  readonly limit: number;
  readonly instance: number;
  readonly worker: number;
  /** A new uuid for each claim. */
  readonly token: string;
}

/** A job that the claim moved to RUNNING. */
export interface ClaimedJob extends Policy {
  readonly id: string;
  readonly token: string;
  readonly lane: Lane;
  readonly threads: number;
  readonly priority: number;
  /** What its lane was ordered by: minus the priority, or less once it had waited too long. */
  readonly rank: number;
  readonly attempt: number;
  readonly attemptsLeft: number;
  readonly maxAttempts: number;
  readonly version: number;
  readonly scheduledAtMs: number;
  readonly readyAtMs: number;
  /** When it was claimed, by the database's clock. */
  readonly claimedAtMs: number;
  /** From the claim; null without an `expiresAt`. */
  readonly expiresInMs: number | null;
  /** JSON text; null where it is large, and so is read when the job starts. */
  readonly payload: string | null;
}

// A job that must not start any more is passed over, and the expirer cancels it. "offset 0" keeps the
// look-up of a job that is not copied here a look-up: see finish-jobs for what a join may become.
export const NOT_EXPIRED = "(expires_at is null or expires_at > clock_timestamp())";

// A thousand payloads of 1 MiB would be more than the process can hold. What is compressed where it is
// stored may be a hundred times as large here.
const IS_SMALL = `pg_column_compression(j.payload) is null
      and pg_column_size(j.payload) <= ${COPIED_BYTES_MAX}`;

// Deleted by place: a ready row is never changed where it stands, so its place is the one it was
// locked at, or somebody else has taken it.
const MOVE = `, d as (
  delete from vinyasa.ready_jobs where ctid = any(array(select tid from c))
), t as materialized (select clock_timestamp() as now),
r as (
  insert into vinyasa.running_jobs (job_id, token, instance, worker, threads, lane, priority, at,
    version, attempt, attempts_left, ready_at, started_at, claim_version)
  select job_id, $1::uuid, $2::int, $3::smallint, threads, lane, priority, at, version + 1,
    attempt + 1, attempts_left - 1, ready_at, now, version + 1 from c, t
), moved as (
  select job_id, lane, 3::smallint as from_status, 4::smallint as to_status, version + 1 as version,
    attempt + 1 as attempt from c
), ${logMoves("moved")}
select x.*, s.seen from s left join (
  select c.job_id, c.lane, c.rank, c.priority, c.version + 1 as version, c.attempt + 1 as attempt,
    c.attempts_left - 1 as attempts_left, vinyasa.ms(c.at) as at_ms,
    vinyasa.ms(c.ready_at) as ready_ms, vinyasa.ms(t.now) as now_ms,
    coalesce(c.max_attempts, j.max_attempts) as max_attempts, coalesce(c.policy, j.policy) as policy,
    vinyasa.ms(coalesce(c.expires_at, j.expires_at)) as expires_ms,
    coalesce(c.payload, case when ${IS_SMALL} then j.payload end)::text as payload
  from t, c left join lateral (
    select * from vinyasa.jobs j where j.id = c.job_id and c.payload is null offset 0
  ) j on true
) x on true order by rank, at_ms, job_id`;

// An instance that was declared dead must not take the jobs back that were just taken from it. It is
// looked up once a statement; a claim in that very moment is found by the rescuers' sweep.
const ALIVE = "(select i.ended_at is null from vinyasa.instances i where i.id = $2::int)";

const CLAIM_LANE = {
  name: "claim-lane",
  text: `/* claim-lane */
with c as materialized (
  select *, ctid as tid, $5::smallint as threads from vinyasa.ready_jobs
  where lane = $4::int and (rank, at) >= ($6::int, to_timestamp($7::float8 / 1000))
    and ${NOT_EXPIRED} and ${ALIVE}
  order by lane, rank, at, job_id limit $8::int for update skip locked
), s as materialized (select count(*)::int as seen from c)${MOVE}`,
};

const CLAIM_LANES = {
  name: "claim-lanes",
  text: `/* claim-lanes */
with l as materialized (
  select * from unnest($4::int[], $5::smallint[], $6::int[], $7::float8[])
    as l (lane, threads, from_rank, from_ms) where ${ALIVE}
), best as materialized (
  select h.lane, count(*) as n from (
    select h.lane from l cross join lateral (
      select * from vinyasa.ready_jobs r
      where r.lane = l.lane
        and (r.rank, r.at) >= (l.from_rank, to_timestamp(l.from_ms / 1000)) and ${NOT_EXPIRED}
      order by r.lane, r.rank, r.at, r.job_id limit $8::int
    ) h order by h.rank, h.at, h.job_id limit $8::int
  ) h group by h.lane
), c as materialized (
  select h.*, l.threads from best join l using (lane) cross join lateral (
    select *, r.ctid as tid from vinyasa.ready_jobs r
    where r.lane = l.lane
      and (r.rank, r.at) >= (l.from_rank, to_timestamp(l.from_ms / 1000)) and ${NOT_EXPIRED}
    order by r.lane, r.rank, r.at, r.job_id limit best.n for update skip locked
  ) h
), s as materialized (select coalesce(sum(n), 0)::int as seen from best)${MOVE}`,
};

/** One row at least: without a job it has nothing but `seen`. */
interface ClaimRow {
  job_id: string | null;
  seen: number;
  lane: number;
  rank: number;
  priority: number;
  version: number;
  attempt: number;
  attempts_left: number;
  payload: string | null;
  expires_ms: number | null;
  at_ms: number;
  ready_ms: number;
  now_ms: number;
  max_attempts: number;
  policy: string;
}

export interface Claim {
  /** Best first: higher priority, then earlier time, then id. */
  readonly jobs: ClaimedJob[];
  /** These lanes have nothing more. False also where a claim of the same moment held rows. */
  readonly exhausted: boolean;
}

/** Takes at most `limit` jobs of these lanes. */
export async function claimJobs(db: Queryable, request: ClaimRequest): Promise<Claim> {
  const { lanes, token } = request;
  const [only] = lanes;
  if (only === undefined) return { jobs: [], exhausted: true };
  const rows = await db.query<ClaimRow>(
    lanes.length === 1 ? CLAIM_LANE : CLAIM_LANES,
    lanes.length === 1 ? laneValues(request, only) : lanesValues(request),
  );
  const byId = new Map(lanes.map((asked) => [asked.lane.id, asked]));
  const jobs = rows.flatMap((row) => {
    if (row.job_id === null) return [];
    return [claimedJob(row, row.job_id, byId.get(row.lane) ?? only, token)];
  });
  return { jobs, exhausted: (rows[0]?.seen ?? 0) < request.limit };
}

function laneValues({ token, instance, worker, limit }: ClaimRequest, only: ClaimLane): unknown[] {
  const { lane, threads, from } = only;
  return [token, instance, worker, lane.id, threads, from.rank, from.atMs, limit];
}

function lanesValues({ token, instance, worker, lanes, limit }: ClaimRequest): unknown[] {
  return [
    token,
    instance,
    worker,
    bareArray(lanes.map(({ lane }) => lane.id)),
    bareArray(lanes.map(({ threads }) => threads)),
    bareArray(lanes.map(({ from }) => from.rank)),
    bareArray(lanes.map(({ from }) => from.atMs)),
    limit,
  ];
}

function claimedJob(
  row: ClaimRow,
  id: string,
  { lane, threads }: ClaimLane,
  token: string,
): ClaimedJob {
  const { backoff, timeoutMs } = policyOf(row.policy);
  return {
    id,
    token,
    lane,
    threads,
    priority: row.priority,
    rank: row.rank,
    attempt: row.attempt,
    attemptsLeft: row.attempts_left,
    maxAttempts: row.max_attempts,
    version: row.version,
    scheduledAtMs: row.at_ms,
    readyAtMs: row.ready_ms,
    claimedAtMs: row.now_ms,
    expiresInMs: row.expires_ms === null ? null : row.expires_ms - row.now_ms,
    backoff,
    timeoutMs,
    payload: row.payload,
  };
}
