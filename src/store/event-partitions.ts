/** The event log's partitions, one for each UTC day, made ahead of time. */
import type { Logger } from "pino";
import { type Database, DatabaseError, type Transaction } from "./database.ts";

interface Day {
  /** "20260131" */
  suffix: string;
  /** Timestamps with time zone as text: the day's first moment, and the next one's. */
  begins_at: string;
  ends_at: string;
}

// By the database's clock, which stamps the events.
const MISSING = {
  name: "missing-event-partitions",
  text: `/* missing-event-partitions */
select to_char(day, 'YYYYMMDD') as suffix, to_char(day, 'YYYY-MM-DD 00:00:00+00') as begins_at,
  to_char(day + interval '1 day', 'YYYY-MM-DD 00:00:00+00') as ends_at
from generate_series(date_trunc('day', clock_timestamp() at time zone 'UTC'),
  date_trunc('day', clock_timestamp() at time zone 'UTC') + make_interval(days => $1::int),
  interval '1 day') as day
where to_regclass('vinyasa.job_events_' || to_char(day, 'YYYYMMDD')) is null
order by day`,
};

// Not through to_regclass: while this session waited for the lock its cache of names went stale, and
// only taking a lock on a table refreshes it.
const EXISTS = {
  name: "event-partition-exists",
  text: `/* event-partition-exists */
select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = relnamespace
  where nspname = 'vinyasa' and relname = 'job_events_' || $1) as found`,
};

const IS_IN_DEFAULT = {
  name: "is-day-in-default-partition",
  text: `/* is-day-in-default-partition */
select exists (select from vinyasa.job_events_default
  where at >= $1::timestamptz and at < $2::timestamptz) as found`,
};

const LOCK = `
set local lock_timeout = '5s';
select pg_advisory_xact_lock(hashtextextended('vinyasa event partitions', 0));`;

/**
 * Creates the partitions of today and the next `daysAhead` days that are missing. Any number of
 * instances may do it at once. A day whose events are in the default partition already, or whose
 * tables are busy for 5 s, is skipped and logged: its events go to the default partition.
 *
 * @returns the days created, as "20260131"
 */
export async function ensureEventPartitions(
  db: Database,
  { daysAhead, log }: { readonly daysAhead: number; readonly log?: Logger },
): Promise<string[]> {
  const created: string[] = [];
  for (const day of await db.query<Day & Record<string, unknown>>(MISSING, [daysAhead])) {
    const outcome = await db
      .transaction("create-event-partition", (tx) => create(tx, day))
      .catch(skipWhenBusy);
    if (outcome === "created") created.push(day.suffix);
    if (outcome === "busy" || outcome === "in-default") {
      log?.warn({ day: day.suffix, why: outcome }, "no event partition of its own for this day");
    }
  }
  return created;
}

type Outcome = "created" | "exists" | "busy" | "in-default";

async function create(tx: Transaction, { suffix, begins_at, ends_at }: Day): Promise<Outcome> {
  await tx.script(LOCK);
  const [own] = await tx.query<{ found: boolean }>(EXISTS, [suffix]);
  if (own?.found === true) return "exists";
  const [other] = await tx.query<{ found: boolean }>(IS_IN_DEFAULT, [begins_at, ends_at]);
  if (other?.found === true) return "in-default";
  // Attaching leaves the log readable and writable meanwhile; "create table ... partition of" would
  // lock everybody out. The identity column stays the parent's: PostgreSQL 17 refuses a second one.
  await tx.script(`
    create table vinyasa.job_events_${suffix} (like vinyasa.job_events
      including defaults including constraints including indexes including storage);
    alter table vinyasa.job_events attach partition vinyasa.job_events_${suffix}
      for values from ('${begins_at}') to ('${ends_at}');`);
  return "created";
}

/** 55P03: the lock was not free in time. 23514: an event of that day came in meanwhile. */
function skipWhenBusy(error: unknown): Outcome {
  if (error instanceof DatabaseError && error.sqlState === "55P03") return "busy";
  if (error instanceof DatabaseError && error.sqlState === "23514") return "in-default";
  throw error;
}
