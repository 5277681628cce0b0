/**
 * Records attempts that succeeded, if all of them are still ours: nearly every batch of the drain.
 *
 * Rows are deleted straight by their keys, without a lock before it; in the order of the ids the k-th
 * row then belongs to the k-th attempt, which the statement checks. That takes a sixth less of
 * PostgreSQL than `finish-jobs`, which locks each row first, and which takes over where a row is not as
 * believed.
 */

import { bareArray, numbersOf } from "./array-literal.ts";
import { type EndedAttempt, numberTokens } from "./attempt-claim.ts";
import { DatabaseError, type Queryable } from "./database.ts";
import { logMoves } from "./log-moves.ts";

export interface FinishedAttempt extends EndedAttempt {
  /** JSON text. */
  readonly result: string;
}

export interface Finished {
  readonly finishedAtMs: number;
  /** By place in the batch: the job's version now; null where the attempt was no longer ours. */
  readonly versions: readonly (number | null)[];
}

const NOT_ALL = "VY001";

// Taken one by one, results would be looked for from the start of an array each time; in a JSON array
// each is found at once. A delete that has to wait for progress or a cancel takes the row as that left
// it, unlike one by place.
const FINISH = {
  name: "finish-all",
  text: `/* finish-all */
with t as materialized (select clock_timestamp() as now),
d as (
  delete from vinyasa.running_jobs
  where job_id = any($1::uuid[]) and token = any($5::uuid[]) returning *
), c as materialized (
  select d.*, row_number() over (order by job_id) as number from d
), f as (
  insert into vinyasa.finished_jobs (job_id, status, lane, priority, worker, threads, instance,
    version, attempt, attempts_left, at, ready_at, started_at, finished_at, claim_version, result)
  select job_id, 5, lane, priority, worker, threads, instance, version + 1, attempt, attempts_left,
    at, ready_at, started_at + ($4::int[])[number] * interval '1 millisecond', t.now, claim_version,
    $6::jsonb -> (number - 1)::int
  from c, t
), moved as (
  select job_id, lane, 4::smallint as from_status, 5::smallint as to_status,
    version + 1 as version, attempt from c
), ${logMoves("moved")}
select vinyasa.ms(t.now) as now_ms, c.versions,
  case when c.count = cardinality($1::uuid[]) and c.are_ours then 0 else vinyasa.not_all() end as fault
from t, (
  select array_agg(version + 1)::text as versions, count(*),
    bool_and(job_id = ($1::uuid[])[number] and attempt = ($2::int[])[number]
      and token = ($5::uuid[])[($3::int[])[number]]) as are_ours
  from c
) c`,
};

/** Null if one of them is no longer ours: then nothing was changed. */
export async function finishAll(
  db: Queryable,
  attempts: readonly FinishedAttempt[],
): Promise<Finished | null> {
  const places = attempts.map((_, index) => index);
  places.sort((a, b) => ((attempts[a]?.id ?? "") < (attempts[b]?.id ?? "") ? -1 : 1));
  const sorted = places.flatMap((place) => attempts[place] ?? []);
  const { tokens, numbers } = numberTokens(sorted);
  try {
    const [row] = await db.query<{ now_ms: number; versions: string }>(FINISH, [
      bareArray(sorted.map(({ id }) => id)),
      bareArray(sorted.map(({ attempt }) => attempt)),
      bareArray(numbers),
      bareArray(sorted.map(({ startDelayMs }) => startDelayMs)),
      bareArray(tokens),
      `[${sorted.map(({ result }) => result).join()}]`,
    ]);
    if (row === undefined) throw new Error("finish-all did not answer");
    const versions: (number | null)[] = attempts.map(() => null);
    numbersOf(row.versions).forEach((version, index) => {
      versions[places[index] ?? -1] = version;
    });
    return { finishedAtMs: row.now_ms, versions };
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlState === NOT_ALL) return null;
    throw error;
  }
}
