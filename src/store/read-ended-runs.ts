/** What a job's last run had, where the row that holds the job does not say: while it waits for another. */
import type { Queryable } from "./database.ts";

export interface RunKey {
  readonly id: string;
  readonly attempt: number;
}

/** Times are milliseconds since 1970. */
export interface EndedRun {
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly threads: number;
  /** Null where an older release recorded it. */
  readonly queueTimeMs: number | null;
}

// A run that did not end its job well is among the attempts. Each is one look-up by key.
const READ = {
  name: "read-ended-runs",
  text: `/* read-ended-runs */
select p.id, p.attempt, a.* from unnest($1::uuid[], $2::int[]) as p (id, attempt)
cross join lateral (
  select vinyasa.ms(started_at) as started_ms, vinyasa.ms(finished_at) as finished_ms, threads::int,
    case when ready_at is not null
      then greatest(0, vinyasa.ms(started_at) - vinyasa.ms(ready_at)) end as queue_ms
  from vinyasa.job_attempts where job_id = p.id and number = p.attempt offset 0
) a`,
};

interface Row extends RunKey {
  started_ms: number;
  finished_ms: number;
  threads: number;
  queue_ms: number | null;
}

export function runKey({ id, attempt }: RunKey): string {
  return `${id}/${attempt}`;
}

/** One statement for all, by `runKey`. Runs that have not ended, or that completed, are absent. */
export async function readEndedRuns(
  db: Queryable,
  runs: readonly RunKey[],
): Promise<Map<string, EndedRun>> {
  const rows = await db.query<Row>(READ, [
    runs.map(({ id }) => id),
    runs.map(({ attempt }) => attempt),
  ]);
  return new Map(rows.map((row) => [runKey(row), endedRun(row)]));
}

function endedRun(row: Row): EndedRun {
  return {
    startedAtMs: row.started_ms,
    finishedAtMs: row.finished_ms,
    threads: row.threads,
    queueTimeMs: row.queue_ms,
  };
}
