/**
 * A clock for a database that stands still until a test moves it: `clock_timestamp()` of a schema that
 * is searched before PostgreSQL's own. So what is due, expired or aged is the same in every run.
 */
import type { Database } from "../../src/store/database.ts";

export const SEARCH_PATH = "test_clock, pg_catalog, public";

export const CREATE_CLOCK = `
create schema test_clock;
create table test_clock.now (ms float8 not null);
insert into test_clock.now values (0);
create function test_clock.clock_timestamp() returns timestamptz language sql volatile
  as $$ select pg_catalog.to_timestamp(ms / 1000) from test_clock.now $$;`;

const SET = {
  name: "set-clock",
  text: "/* set-clock */ update test_clock.now set ms = $1::float8",
};

export async function setClock(db: Database, nowMs: number): Promise<void> {
  await db.query(SET, [nowMs]);
}

/** No job, no instance, no lane: what a run left behind is gone. */
export async function emptyStore(db: Database): Promise<void> {
  await db.script(
    [
      ...["jobs", "blocked_jobs", "scheduled_jobs", "ready_jobs", "running_jobs", "finished_jobs"],
      ...["job_attempts", "job_history", "job_events", "job_expiries", "cancellations"],
      ...["counters", "counter_deltas", "instances", "lanes"],
    ]
      .map((table) => `delete from vinyasa.${table};`)
      .join("\n"),
  );
}
