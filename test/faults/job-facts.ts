/** All that the database says of its jobs, read past the program's own reading code. */
import pg from "pg";
import { JOB_STATUSES, type JobStatus } from "../../src/domain/job.ts";
import { ATTEMPT_OUTCOMES, type AttemptOutcome } from "../../src/domain/outcome.ts";

export interface MoveFact {
  readonly version: number;
  readonly from: JobStatus | null;
  readonly to: JobStatus;
  readonly attempt: number;
  readonly atMs: number;
}

export interface AttemptFact {
  readonly number: number;
  readonly outcome: AttemptOutcome;
  readonly instance: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly code: string | null;
  readonly message: string | null;
}

export interface JobFacts {
  readonly id: string;
  readonly key: string | null;
  readonly type: string;
  readonly maxAttempts: number;
  /** The states whose tables hold a row of it: exactly one, if all is well. */
  readonly states: JobStatus[];
  version: number;
  attempt: number;
  attemptsLeft: number;
  startedAtMs: number | null;
  finishedAtMs: number | null;
  /** Attempts that did not end well, by their number. */
  readonly attempts: AttemptFact[];
  /** By version. */
  readonly moves: MoveFact[];
}

export interface DatabaseFacts {
  readonly jobs: ReadonlyMap<string, JobFacts>;
  /** Of instances, by their numbers. */
  readonly pids: ReadonlyMap<number, number>;
  /** State rows, attempts and events of jobs that do not exist. */
  readonly strays: number;
  /** Lanes and states whose counters do not tell how many rows there are. */
  readonly wrongCounters: readonly string[];
}

const JOBS = `select j.id, j.idempotency_key, l.type, j.max_attempts
  from vinyasa.jobs j join vinyasa.lanes l on l.id = j.lane`;

const PLACES = `
  select job_id, 1 as status, version, attempt, attempts_left, null::float8 as started, null::float8 as finished from vinyasa.blocked_jobs
  union all select job_id, 2, version, attempt, attempts_left, null, null from vinyasa.scheduled_jobs
  union all select job_id, 3, version, attempt, attempts_left, null, null from vinyasa.ready_jobs
  union all select job_id, 4, version, attempt, attempts_left, vinyasa.ms(started_at), null from vinyasa.running_jobs
  union all select job_id, status, version, attempt, attempts_left, vinyasa.ms(started_at), vinyasa.ms(finished_at) from vinyasa.finished_jobs`;

const ATTEMPTS = `select job_id, number, outcome, instance, code, message,
  vinyasa.ms(started_at) as started, vinyasa.ms(finished_at) as finished
  from vinyasa.job_attempts order by job_id, number`;

const MOVES = `select m.job_id, m.version, m.attempt, e.previous_status, e.status, vinyasa.ms(e.at) as at
  from vinyasa.job_events e, unnest(e.job_ids, e.versions, e.attempts) as m (job_id, version, attempt)
  order by m.job_id, m.version`;

const WRONG_COUNTERS = `
  with said as (
    select lane, status, sum(n) as n from (
      select lane, status, count as n from vinyasa.counters
      union all select lane, status, delta from vinyasa.counter_deltas
    ) c group by lane, status
  ), are as (
    select lane, status, count(*) as n from (
      select lane, 1 as status from vinyasa.blocked_jobs
      union all select lane, 2 from vinyasa.scheduled_jobs
      union all select lane, 3 from vinyasa.ready_jobs
      union all select lane, 4 from vinyasa.running_jobs
      union all select lane, status from vinyasa.finished_jobs
    ) s group by lane, status
  )
  select lane, status, coalesce(said.n, 0)::int as said, coalesce(are.n, 0)::int as are
  from said full join are using (lane, status) where coalesce(said.n, 0) <> coalesce(are.n, 0)`;

export async function readFacts(url: string): Promise<DatabaseFacts> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("begin transaction isolation level repeatable read");
    const rows = async <Row extends pg.QueryResultRow>(text: string) =>
      (await client.query<Row>(text)).rows;
    const jobs = new Map<string, JobFacts>();
    for (const row of await rows<JobRow>(JOBS)) jobs.set(row.id, newFacts(row));
    let strays = 0;
    const each = async <Row extends { readonly job_id: string }>(
      text: string,
      take: (job: JobFacts, row: Row) => void,
    ) => {
      for (const row of await rows<Row>(text)) {
        const job = jobs.get(row.job_id);
        if (job === undefined) strays += 1;
        else take(job, row);
      }
    };
    await each(PLACES, addPlace);
    await each(ATTEMPTS, addAttempt);
    await each(MOVES, addMove);
    const wrong = await rows<WrongCounter>(WRONG_COUNTERS);
    const wrongCounters = wrong.map(
      ({ lane, status, said, are }) =>
        `${statusOf(status)} in lane ${lane}: counted ${said}, there are ${are}`,
    );
    const instances = await rows<{ id: number; pid: number }>(
      "select id, pid from vinyasa.instances",
    );
    const pids = new Map(instances.map(({ id, pid }) => [id, pid]));
    return { jobs, pids, strays, wrongCounters };
  } finally {
    await client.end();
  }
}

interface JobRow {
  readonly id: string;
  readonly idempotency_key: string | null;
  readonly type: string;
  readonly max_attempts: number;
}

interface PlaceRow {
  readonly job_id: string;
  readonly status: number;
  readonly version: number;
  readonly attempt: number;
  readonly attempts_left: number;
  readonly started: number | null;
  readonly finished: number | null;
}

interface AttemptRow {
  readonly job_id: string;
  readonly number: number;
  readonly outcome: number;
  readonly instance: number;
  readonly code: string | null;
  readonly message: string | null;
  readonly started: number;
  readonly finished: number;
}

interface MoveRow {
  readonly job_id: string;
  readonly version: number;
  readonly attempt: number;
  readonly previous_status: number | null;
  readonly status: number;
  readonly at: number;
}

interface WrongCounter {
  readonly lane: number;
  readonly status: number;
  readonly said: number;
  readonly are: number;
}

function newFacts(row: JobRow): JobFacts {
  return {
    id: row.id,
    key: row.idempotency_key,
    type: row.type,
    maxAttempts: row.max_attempts,
    states: [],
    version: 0,
    attempt: 0,
    attemptsLeft: 0,
    startedAtMs: null,
    finishedAtMs: null,
    attempts: [],
    moves: [],
  };
}

function addPlace(job: JobFacts, row: PlaceRow): void {
  job.states.push(statusOf(row.status));
  job.version = row.version;
  job.attempt = row.attempt;
  job.attemptsLeft = row.attempts_left;
  job.startedAtMs = row.started;
  job.finishedAtMs = row.finished;
}

function addAttempt(job: JobFacts, row: AttemptRow): void {
  job.attempts.push({
    number: row.number,
    outcome: ATTEMPT_OUTCOMES[row.outcome - 1] ?? "FAILED",
    instance: row.instance,
    startedAtMs: row.started,
    finishedAtMs: row.finished,
    code: row.code,
    message: row.message,
  });
}

function addMove(job: JobFacts, row: MoveRow): void {
  const from = row.previous_status === null ? null : statusOf(row.previous_status);
  const to = statusOf(row.status);
  job.moves.push({ version: row.version, from, to, attempt: row.attempt, atMs: row.at });
}

function statusOf(code: number): JobStatus {
  return JOB_STATUSES[code - 1] ?? "BLOCKED";
}
