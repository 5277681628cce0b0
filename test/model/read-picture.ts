/** The picture of a real database, by one statement: one snapshot. */
import { JOB_STATUSES, type JobStatus, statusFromCode } from "../../src/domain/job.ts";
import { outcomeFromCode } from "../../src/domain/outcome.ts";
import type { Queryable } from "../../src/store/database.ts";
import type { JobPicture, Picture } from "./picture.ts";

const CODES = "lane, priority::int, version, attempt, attempts_left, at";
const NO_READY = "null::int as rank, null::timestamptz as ready_at";

const STATES = `
  select job_id, 1 as status, ${CODES}, ${NO_READY} from vinyasa.blocked_jobs
  union all select job_id, 2, ${CODES}, ${NO_READY} from vinyasa.scheduled_jobs
  union all select job_id, 3, ${CODES}, rank, ready_at from vinyasa.ready_jobs
  union all select job_id, 4, ${CODES}, ${NO_READY} from vinyasa.running_jobs
  union all select job_id, status::int, ${CODES}, ${NO_READY} from vinyasa.finished_jobs`;

const READ = {
  name: "read-picture",
  text: `/* read-picture */
with s as materialized (${STATES}), moves as materialized (
  select m.id, array_agg(json_build_array(e.previous_status, e.status, m.version, m.attempt)
    order by e.epoch, e.xid, e.seq, m.place) as moves
  from vinyasa.job_events e cross join lateral unnest(e.job_ids, e.versions, e.attempts)
    with ordinality as m (id, version, attempt, place) group by m.id
)
select (
  select coalesce(json_agg(json_build_object('lane', lane, 'status', status, 'n', n)), '[]') from (
    select lane, status, sum(n)::int as n from (
      select lane, status, count as n from vinyasa.counters
      union all select lane, status, delta from vinyasa.counter_deltas
    ) c group by lane, status having sum(n) <> 0
  ) c
) as counters, (
  select coalesce(json_agg(json_build_object('id', j.id, 'maxAttempts', j.max_attempts,
    'expiresAtMs', vinyasa.ms(j.expires_at),
    'states', (select coalesce(json_agg(json_build_object('status', status, 'lane', lane,
      'priority', priority, 'version', version, 'attempt', attempt, 'attemptsLeft', attempts_left,
      'atMs', vinyasa.ms(at), 'rank', rank, 'readyAtMs', vinyasa.ms(ready_at))), '[]')
      from s where job_id = j.id),
    'claim', (select json_build_object('token', token, 'instance', instance, 'worker', worker,
      'threads', threads, 'claimVersion', claim_version, 'startedAtMs', vinyasa.ms(started_at),
      'progress', progress) from vinyasa.running_jobs where job_id = j.id),
    'moves', (select to_json(moves) from moves where moves.id = j.id),
    'told', (select coalesce(json_agg(version order by version), '[]')
      from vinyasa.job_history where job_id = j.id),
    'attempts', (select coalesce(json_agg(json_build_object('number', number, 'outcome', outcome)
      order by number), '[]') from vinyasa.job_attempts where job_id = j.id),
    'cancellation', (select json_build_object('instance', instance, 'reason', reason)
      from vinyasa.cancellations where job_id = j.id),
    'hasExpiry', exists (select from vinyasa.job_expiries where job_id = j.id)
  ) order by j.id), '[]') from vinyasa.jobs j
) as jobs`,
};

interface StateRow {
  status: number;
  lane: number;
  priority: number;
  version: number;
  attempt: number;
  attemptsLeft: number;
  atMs: number;
  rank: number | null;
  readyAtMs: number | null;
}

interface JobRow extends Pick<JobPicture, "id" | "maxAttempts" | "expiresAtMs" | "claim"> {
  states: StateRow[];
  moves: [number | null, number, number, number][] | null;
  told: number[];
  attempts: { number: number; outcome: number }[];
  cancellation: JobPicture["cancellation"];
  hasExpiry: boolean;
}

interface Row {
  counters: { lane: number; status: number; n: number }[];
  jobs: JobRow[];
}

export async function readPicture(db: Queryable): Promise<Picture> {
  const [row] = await db.query<Row>(READ);
  if (row === undefined) throw new Error("read-picture returned no row");
  const counters = row.counters.map(({ lane, status, n }) => [
    `${lane} ${statusFromCode(status)}`,
    n,
  ]);
  return { counters: Object.fromEntries(counters), jobs: row.jobs.map(jobPicture) };
}

function jobPicture({ states, moves, attempts, ...job }: JobRow): JobPicture {
  const [state] = states;
  if (state === undefined) throw new Error(`job ${job.id} is in no state table`);
  const { lane, priority, version, attempt, attemptsLeft, atMs, rank, readyAtMs } = state;
  return {
    ...job,
    ...{ lane, priority, version, attempt, attemptsLeft, atMs },
    states: states.map(({ status }) => statusFromCode(status)),
    ready: rank === null || readyAtMs === null ? null : { rank, readyAtMs },
    moves: (moves ?? []).map(([from, to, moved, tried]) => ({
      ...{ from: from === null ? null : name(from), to: name(to), version: moved, attempt: tried },
    })),
    attempts: attempts.map(({ number, outcome }) => ({
      number,
      outcome: outcomeFromCode(outcome),
    })),
  };
}

function name(code: number): JobStatus {
  const status = JOB_STATUSES[code - 1];
  if (status === undefined) throw new Error(`no status has the number ${code}`);
  return status;
}
