/**
 * What has happened to jobs. It is put together from the rows that hold a job and from its history, not
 * from the event log: that one is kept for days, has no index by job, and a job is kept for longer.
 */
import { type JobStatus, statusFromCode } from "../domain/job.ts";
import type { Queryable } from "./database.ts";
import { jobIdTimeMs } from "./job-id.ts";
import { readByIds } from "./job-ids.ts";

/** One committed move of a job from a status to another. */
export interface TimelineEvent {
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Null for the submit. */
  readonly previousStatus: JobStatus | null;
  readonly status: JobStatus;
  readonly attempt: number;
  readonly message: string | null;
}

/** The newest ones of a job: what some 160 attempts leave, each begun, failed and scheduled again. */
export const EVENTS_MAX = 500;

// The history has all but three moves: a submit to PENDING, the claim of an attempt that runs or that
// went well, and that success. A job whose history begins with its submit was not PENDING then.
const READ = {
  name: "read-timelines",
  text: `/* read-timelines */
select p.id, e.* from unnest($1::uuid[]) as p (id)
cross join lateral (
  select version, vinyasa.ms(at) as at_ms, previous_status::int, status::int, attempt, message
  from (
    (select version, at, previous_status, status, attempt, message from vinyasa.job_history
    where job_id = p.id order by job_id desc, version desc limit ${EVENTS_MAX})
    union all
    select 1, null, null, 3::smallint, 0, null from vinyasa.jobs where id = p.id
      and not exists (select from vinyasa.job_history where job_id = p.id and version = 1)
    union all
    select claim_version, started_at, 3::smallint, 4::smallint, attempt, null
    from vinyasa.running_jobs where job_id = p.id
    union all
    select claim_version, started_at, 3::smallint, 4::smallint, attempt, null
    from vinyasa.finished_jobs where job_id = p.id and status = 5 and claim_version is not null
    union all
    select version, finished_at, 4::smallint, status, attempt, null
    from vinyasa.finished_jobs where job_id = p.id and status = 5
  ) told order by version desc limit ${EVENTS_MAX}
) e order by p.id, e.version`,
};

interface Row {
  id: string;
  version: number;
  /** Null for a submit to PENDING. */
  at_ms: number | null;
  previous_status: number | null;
  status: number;
  attempt: number;
  message: string | null;
}

/** At most the newest `EVENTS_MAX` moves of each job, oldest first, by job id; one statement for all. */
export async function readTimelines(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, TimelineEvent[]>> {
  return readByIds(ids, async (distinct) => {
    const byJob = new Map<string, Row[]>();
    for (const row of await db.query<Row>(READ, [distinct])) {
      const rows = byJob.get(row.id);
      if (rows === undefined) byJob.set(row.id, [row]);
      else rows.push(row);
    }
    return new Map([...byJob].map(([id, rows]) => [id, timelineOf(rows)]));
  });
}

/** A request to cancel a running job moves nothing: it is told with the CANCELLED that comes of it. */
function timelineOf(rows: readonly Row[]): TimelineEvent[] {
  const events: TimelineEvent[] = [];
  let request: Row | null = null;
  for (const [index, row] of rows.entries()) {
    if (row.previous_status === row.status) {
      request = row;
      continue;
    }
    const status = statusFromCode(row.status);
    const isAsked = status === "CANCELLED" && request?.attempt === row.attempt;
    events.push({
      version: row.version,
      atMs: row.at_ms ?? submittedAtMs(row, rows[index + 1]),
      previousStatus: row.previous_status === null ? null : statusFromCode(row.previous_status),
      status,
      attempt: row.attempt,
      message: row.message ?? (isAsked ? (request?.message ?? null) : givenBack(row)),
    });
  }
  return events;
}

/** Of all that ends a run without an end to the job, this alone leaves no words. */
function givenBack({ previous_status: from, status: to }: Row): string | null {
  const isRelease =
    from !== null && statusFromCode(from) === "RUNNING" && statusFromCode(to) === "PENDING";
  return isRelease ? "given back by its instance; no attempt is spent" : null;
}

/** `createdAt`, which is another clock's than all that follows: never later than that. */
function submittedAtMs({ id }: Row, next: Row | undefined): number {
  return Math.min(jobIdTimeMs(id), next?.at_ms ?? Number.POSITIVE_INFINITY);
}
