/** Records attempts that succeeded, whether or not they are still ours. */
import { bareArray, numbersOf, textArray } from "./array-literal.ts";
import { numberTokens } from "./attempt-claim.ts";
import type { Queryable } from "./database.ts";
import { type Finished, type FinishedAttempt, finishAll } from "./finish-all.ts";
import { logMoves } from "./log-moves.ts";

// The lock on each row can only be a look-up by its key, and the delete a list of places. A plain join
// of running_jobs to the batch is what the planner turns round when its statistics come from a moment
// in which nothing ran: a batch of 1,000 then takes 200 ms instead of 25. What comes back is one row:
// the caller knows the rest of each job. A row that progress or a cancel changed between the snapshot
// and the lock has a new place, at which the snapshot shows nothing to delete: then the statement is
// refused, and sent again. Deleting by key after the lock finds such rows, and took
// 0.6 to 0.9 µs a job more.
const FINISH = {
  name: "finish-jobs",
  text: `/* finish-jobs */
with t as materialized (select clock_timestamp() as now),
x as materialized (
  select * from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::jsonb[])
    with ordinality as x (id, attempt, token_number, start_delay_ms, result, number)
), c as materialized (
  select r.*, r.started_at + x.start_delay_ms * interval '1 millisecond' as began_at, x.result,
    x.number
  from x cross join lateral (
    select *, r.ctid as tid from vinyasa.running_jobs r
    where r.job_id = x.id and r.attempt = x.attempt and r.token = ($6::uuid[])[x.token_number]
    for update
  ) r
), d as (
  delete from vinyasa.running_jobs where ctid = any(array(select tid from c)) returning 1
), f as (
  insert into vinyasa.finished_jobs (job_id, status, lane, priority, worker, threads, instance,
    version, attempt, attempts_left, at, ready_at, started_at, finished_at, claim_version, result)
  select job_id, 5, lane, priority, worker, threads, instance, version + 1, attempt, attempts_left,
    at, ready_at, began_at, t.now, claim_version, result from c, t
), moved as (
  select job_id, lane, 4::smallint as from_status, 5::smallint as to_status,
    version + 1 as version, attempt from c
), ${logMoves("moved")}
select vinyasa.ms(t.now) as now_ms, c.numbers, c.versions,
  case when c.count <> (select count(*) from d) then vinyasa.look_again() end as again
from t, (
  select array_agg(number)::text as numbers, array_agg(version + 1)::text as versions,
    count(distinct job_id) from c
) c`,
};

interface Row {
  now_ms: number;
  /** From 1; null without any. */
  numbers: string | null;
  versions: string | null;
}

/** Those that are no longer ours are left out. */
export async function finishJobs(
  db: Queryable,
  attempts: readonly FinishedAttempt[],
): Promise<Finished> {
  return (await finishAll(db, attempts)) ?? finishSome(db, attempts);
}

/** Looks at each before it moves it. Those that are no longer ours are left out. */
export async function finishSome(
  db: Queryable,
  attempts: readonly FinishedAttempt[],
): Promise<Finished> {
  const { tokens, numbers } = numberTokens(attempts);
  const [row] = await db.query<Row>(FINISH, [
    bareArray(attempts.map(({ id }) => id)),
    bareArray(attempts.map(({ attempt }) => attempt)),
    bareArray(numbers),
    bareArray(attempts.map(({ startDelayMs }) => startDelayMs)),
    textArray(attempts.map(({ result }) => result)),
    bareArray(tokens),
  ]);
  const versions: (number | null)[] = attempts.map(() => null);
  const changed = numbersOf(row?.versions ?? "{}");
  numbersOf(row?.numbers ?? "{}").forEach((number, index) => {
    versions[number - 1] = changed[index] ?? null;
  });
  return { finishedAtMs: row?.now_ms ?? 0, versions };
}
