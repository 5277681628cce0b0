/** The attempts of jobs: those that ended badly are stored, the others derived from the job's state. */
import { type AttemptError, type AttemptOutcome, outcomeFromCode } from "../domain/outcome.ts";
import type { Queryable } from "./database.ts";
import { readByIds } from "./job-ids.ts";

/** An attempt's error with the time when the attempt ended, in milliseconds since 1970. */
export type DatedError = AttemptError & { readonly atMs: number };

/** Times are milliseconds since 1970. */
export interface AttemptRecord {
  readonly number: number;
  /** Null while it runs. */
  readonly outcome: AttemptOutcome | null;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
  /** The UUID of the instance; "unknown" once its row is gone. */
  readonly instance: string;
  /** The instance and the number of its worker: "<uuid>/<n>". */
  readonly worker: string;
  readonly threads: number;
  readonly error: DatedError | null;
}

const NO_ERROR = "null::boolean, null::text, null::text, null::text";

const READ = {
  name: "read-attempts",
  text: `/* read-attempts */
select p.id, a.number, a.outcome::int, vinyasa.ms(a.started_at) as started_ms,
  vinyasa.ms(a.finished_at) as finished_ms, i.uuid as instance, a.worker::int, a.threads::int,
  a.retryable, a.message, a.code, a.stack
from unnest($1::uuid[]) as p (id)
cross join lateral (
  select number, outcome, instance, worker, threads, started_at, finished_at, retryable, message,
    code, stack
  from vinyasa.job_attempts where job_id = p.id
  union all
  select attempt, null::smallint, instance, worker, threads, started_at, null, ${NO_ERROR}
  from vinyasa.running_jobs where job_id = p.id
  union all
  select attempt, 1::smallint, instance, worker, threads, started_at, finished_at, ${NO_ERROR}
  from vinyasa.finished_jobs where job_id = p.id and status = 5 and started_at is not null
) a
left join vinyasa.instances i on i.id = a.instance
order by p.id, a.number desc`,
};

interface ErrorColumns {
  finished_ms: number | null;
  retryable: boolean | null;
  message: string | null;
  code: string | null;
  stack: string | null;
}

interface AttemptRow extends ErrorColumns {
  id: string;
  number: number;
  outcome: number | null;
  started_ms: number;
  instance: string | null;
  worker: number | null;
  threads: number | null;
}

/** The attempts by job id, newest first. Jobs that never ran are absent. */
export async function readAttempts(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, AttemptRecord[]>> {
  return readByIds(ids, async (distinct) => {
    const byJob = new Map<string, AttemptRecord[]>();
    for (const row of await db.query<AttemptRow>(READ, [distinct])) {
      const attempts = byJob.get(row.id) ?? [];
      attempts.push(attemptRecord(row));
      byJob.set(row.id, attempts);
    }
    return byJob;
  });
}

const READ_LAST_ERRORS = {
  name: "read-last-errors",
  text: `/* read-last-errors */
select p.id, a.* from unnest($1::uuid[]) as p (id)
cross join lateral (
  select number, vinyasa.ms(finished_at) as finished_ms, retryable, message, code, stack
  from vinyasa.job_attempts where job_id = p.id and message is not null
  order by job_id desc, number desc limit 1
) a`,
};

/** The error of each job's newest attempt that had one, by job id. */
export async function readLastErrors(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, DatedError & { readonly attempt: number }>> {
  return readByIds(ids, async (distinct) => {
    const rows = await db.query<ErrorColumns & { id: string; number: number }>(READ_LAST_ERRORS, [
      distinct,
    ]);
    const errors = new Map<string, DatedError & { readonly attempt: number }>();
    for (const row of rows) {
      const error = datedError(row);
      if (error !== null) errors.set(row.id, { ...error, attempt: row.number });
    }
    return errors;
  });
}

function attemptRecord(row: AttemptRow): AttemptRecord {
  const instance = row.instance ?? "unknown";
  return {
    number: row.number,
    outcome: row.outcome === null ? null : outcomeFromCode(row.outcome),
    startedAtMs: row.started_ms,
    finishedAtMs: row.finished_ms,
    instance,
    worker: `${instance}/${row.worker ?? 0}`,
    threads: row.threads ?? 1,
    error: datedError(row),
  };
}

function datedError(row: ErrorColumns): DatedError | null {
  if (row.message === null || row.finished_ms === null) return null;
  const { message, code, stack, retryable } = row;
  return { message, code, stack, retryable: retryable ?? true, atMs: row.finished_ms };
}
