/** Writes lines that running attempts have logged: fenced, as all that an attempt writes. */
import { type LogEntry, logLevelCode } from "../domain/log-line.ts";
import { bareArray, textArray } from "./array-literal.ts";
import type { AttemptClaim } from "./attempt-claim.ts";
import type { Queryable } from "./database.ts";

/** A line with its number within the attempt, from 1. */
export interface NumberedEntry extends LogEntry {
  readonly seq: number;
}

export interface AttemptLines extends AttemptClaim {
  readonly lines: readonly NumberedEntry[];
}

// The lock lets progress and cancels pass, and holds up the end of the attempt until the lines are
// committed: whoever sees the end sees them, and the next attempt's come after them. A batch whose answer
// was lost is sent again: what was committed then stays as it is.
const WRITE = {
  name: "write-log-lines",
  text: `/* write-log-lines */
with a as materialized (
  select * from unnest($1::uuid[], $2::int[], $3::uuid[]) with ordinality
    as a (id, attempt, token, number) order by id
), c as materialized (
  select a.id, a.attempt, a.number from a cross join lateral (
    select from vinyasa.running_jobs r
    where r.job_id = a.id and r.attempt = a.attempt and r.token = a.token for key share
  ) r
), w as (
  insert into vinyasa.job_logs (job_id, attempt, seq, at, level, message, fields)
  select c.id, c.attempt, l.seq, to_timestamp(l.at_ms / 1000), l.level, l.message, l.fields
  from unnest($4::int[], $5::int[], $6::float8[], $7::smallint[], $8::text[], $9::jsonb[])
    as l (number, seq, at_ms, level, message, fields)
  join c on c.number = l.number
  on conflict do nothing
)
select number::int as number from c`,
};

/** By place in the batch: whether the attempt is still ours, and its lines are stored. */
export async function writeLogLines(
  db: Queryable,
  attempts: readonly AttemptLines[],
): Promise<boolean[]> {
  const lines = attempts.flatMap((attempt) => attempt.lines);
  const rows = await db.query<{ number: number }>(WRITE, [
    bareArray(attempts.map(({ id }) => id)),
    bareArray(attempts.map(({ attempt }) => attempt)),
    bareArray(attempts.map(({ token }) => token)),
    bareArray(attempts.flatMap((attempt, index) => attempt.lines.map(() => index + 1))),
    bareArray(lines.map(({ seq }) => seq)),
    bareArray(lines.map(({ atMs }) => atMs)),
    bareArray(lines.map(({ level }) => logLevelCode(level))),
    textArray(lines.map(({ message }) => message)),
    textArray(lines.map(({ fields }) => fields)),
  ]);
  const accepted = new Set(rows.map(({ number }) => number));
  return attempts.map((_, index) => accepted.has(index + 1));
}
