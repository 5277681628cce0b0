/**
 * Takes ready jobs for one worker: the hot statement of the engine.
 *
 * A lane's rows are taken from the front of the primary key, from where the caller remembers that
 * live rows begin: dead rows before the first live one made a claim 4 times slower after 100,000
 * cycles under an old snapshot. Between lanes, a peek that locks nothing first finds how many of the
 * best rows each lane holds; then that many are locked in each. Locking while peeking would lock
 * (lanes × limit) rows for nothing.
 */
import { bareArray } from "./array-literal.ts";
import type { Queryable } from "./database.ts";
import type { Lane } from "./lane-catalog.ts";
import { logMoves, tellMoves } from "./log-moves.ts";
import { type Policy, policyOf } from "./policy.ts";

/** A lane that the worker can serve now. */
export interface ClaimLane {
  readonly lane: Lane;
  /** Threads that a job of this lane is granted on this worker. */
  readonly threads: number;
  /** Rows before this place are known to be gone. */
  readonly from: LanePlace;
}

export interface LanePlace {
  readonly rank: number;
  readonly atMs: number;
}

/** Before every row of a lane. */
export const LANE_START: LanePlace = { rank: -2_147_483_648, atMs: 0 };

export interface ClaimRequest {
  readonly lanes: readonly ClaimLane[];
  readonly limit: number;
  readonly instance: number;
  readonly worker: number;
  /** A new uuid for each claim. */
  readonly token: string;
}

/** A job that the claim moved: to RUNNING, or to CANCELLED where its `expiresAt` had passed. */
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
  readonly expired: boolean;
  /** From the claim; null without an `expiresAt`. */
  readonly expiresInMs: number | null;
  /** JSON text. */
  readonly payload: string;
}

// "offset 0" keeps the look-up of each job a look-up: see finish-jobs for what a join may become.
const MOVE = `, d as (
  delete from vinyasa.ready_jobs where ctid = any(array(select tid from c))
), t as materialized (select clock_timestamp() as now),
x as materialized (
  select c.*, t.now, coalesce(j.expires_at <= t.now, false) as expired, j.payload, j.expires_at,
    j.max_attempts, j.policy
  from t, c cross join lateral (
    select * from vinyasa.jobs j where j.id = c.job_id offset 0
  ) j
), r as (
  insert into vinyasa.running_jobs (job_id, token, instance, worker, threads, lane, priority, at,
    version, attempt, attempts_left, ready_at, started_at, claim_version)
  select job_id, $1::uuid, $2::int, $3::smallint, threads, lane, priority, at, version + 1,
    attempt + 1, attempts_left - 1, ready_at, now, version + 1 from x where not expired
), f as (
  insert into vinyasa.finished_jobs (job_id, status, lane, priority, version, attempt, attempts_left,
    at, ready_at, finished_at)
  select job_id, 7, lane, priority, version + 1, attempt, attempts_left, at, ready_at, now
  from x where expired
), moved as (
  select job_id, lane, 3::smallint as from_status, version + 1 as version,
    (case when expired then 7 else 4 end)::smallint as to_status,
    case when expired then attempt else attempt + 1 end as attempt,
    case when expired then 'expired before it started' end as message
  from x
), ${logMoves("moved")}, ${tellMoves("moved", "to_status = 7")}
select job_id, lane, rank, priority, version, attempt, attempts_left, expired, payload::text,
  vinyasa.ms(expires_at) as expires_ms, vinyasa.ms(at) as at_ms, vinyasa.ms(ready_at) as ready_ms,
  vinyasa.ms(now) as now_ms, max_attempts, policy, s.seen
from s left join x on true order by rank, at, job_id`;

// An instance that was declared dead must not take the jobs back that were just taken from it. It is
// looked up once a statement; a claim in that very moment is found by the rescuers' sweep.
const ALIVE = "(select i.ended_at is null from vinyasa.instances i where i.id = $2::int)";

const CLAIM_LANE = {
  name: "claim-lane",
  text: `/* claim-lane */
with c as materialized (
  select *, ctid as tid, $5::smallint as threads from vinyasa.ready_jobs
  where lane = $4::int and (rank, at) >= ($6::int, to_timestamp($7::float8 / 1000))
    and ${ALIVE}
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
        and (r.rank, r.at) >= (l.from_rank, to_timestamp(l.from_ms / 1000))
      order by r.lane, r.rank, r.at, r.job_id limit $8::int
    ) h order by h.rank, h.at, h.job_id limit $8::int
  ) h group by h.lane
), c as materialized (
  select h.*, l.threads from best join l using (lane) cross join lateral (
    select *, r.ctid as tid from vinyasa.ready_jobs r
    where r.lane = l.lane
      and (r.rank, r.at) >= (l.from_rank, to_timestamp(l.from_ms / 1000))
    order by r.lane, r.rank, r.at, r.job_id limit best.n for update skip locked
  ) h
), s as materialized (select coalesce(sum(n), 0)::int as seen from best)${MOVE}`,
};

const HAS_READY = {
  name: "has-ready-jobs",
  text: `/* has-ready-jobs */
select from vinyasa.ready_jobs where lane = $1::int limit 1`,
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
  expired: boolean;
  payload: string;
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

/** Whether the lane has a job that a claim could take. */
export async function hasReadyJobs(db: Queryable, lane: Lane): Promise<boolean> {
  const rows = await db.query(HAS_READY, [lane.id]);
  return rows.length > 0;
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
  const { expired } = row;
  const { backoff, timeoutMs } = policyOf(row.policy);
  return {
    id,
    token,
    lane,
    threads,
    priority: row.priority,
    rank: row.rank,
    attempt: expired ? row.attempt : row.attempt + 1,
    attemptsLeft: expired ? row.attempts_left : row.attempts_left - 1,
    maxAttempts: row.max_attempts,
    version: row.version + 1,
    scheduledAtMs: row.at_ms,
    readyAtMs: row.ready_ms,
    claimedAtMs: row.now_ms,
    expired,
    expiresInMs: row.expires_ms === null ? null : row.expires_ms - row.now_ms,
    backoff,
    timeoutMs,
    payload: row.payload,
  };
}
