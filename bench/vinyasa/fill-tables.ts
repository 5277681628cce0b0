/** Five million finished jobs, half a million scheduled ones, and as many that nobody here runs. */
import type pg from "pg";
import type { Parts } from "./parts.ts";

const FINISHED = 5_000_000;
const SCHEDULED = 500_000;
const READY = 500_000;
const CHUNK = 250_000;
const BEGIN_MS = Date.UTC(2026, 0, 1);

/** By statements of its own: through the API it would take ten minutes. */
export async function fillTables(client: pg.Client, { lanes }: Parts): Promise<void> {
  const [lane] = await lanes.intern([{ queue: "default", type: "elsewhere", threads: 1 }]);
  if (lane === undefined) throw new Error("the lane was not stored");
  await client.query(CREATE_ID);
  const total = FINISHED + SCHEDULED + READY;
  for (let from = 0; from < total; from += CHUNK) {
    const values = [from, Math.min(total, from + CHUNK) - 1, lane.id];
    await client.query(FILL, values);
  }
  // What is left to write would be charged to what is measured.
  await client.query("vacuum analyze");
  await client.query("checkpoint");
}

const CREATE_ID = `create function pg_temp.id(n int) returns uuid language sql as $$
  select (lpad(to_hex(${BEGIN_MS} + n), 12, '0') || '7' || lpad(to_hex(n & 4095), 3, '0')
    || substr('89ab', 1 + (random() * 3)::int, 1) || substr(md5(random()::text), 1, 15))::uuid $$`;

const FILL = `with x as materialized (
  select pg_temp.id(n) as id, n, to_timestamp((${BEGIN_MS} + n) / 1000.0) as at
  from generate_series($1::int, $2::int) n
), j as (
  insert into vinyasa.jobs (id, lane, max_attempts, policy, payload)
  select id, $3::int, 3, '[0,2000,3600000,0.25,60000]', jsonb_build_object('id', n) from x
), f as (
  insert into vinyasa.finished_jobs (job_id, status, lane, priority, worker, threads, instance, version,
    attempt, attempts_left, at, ready_at, started_at, finished_at, claim_version, result)
  select id, 5, $3::int, 0, 1, 1, 1, 3, 1, 2, at, at, at, at, 2, '{"ok": true}'
  from x where n < ${FINISHED}
), s as (
  insert into vinyasa.scheduled_jobs (job_id, lane, priority, at, version, attempt, attempts_left)
  select id, $3::int, 0, at + interval '10 years', 1, 0, 3
  from x where n >= ${FINISHED} and n < ${FINISHED + SCHEDULED}
)
insert into vinyasa.ready_jobs (job_id, lane, rank, priority, at, version, attempt, attempts_left)
select id, $3::int, 0, 0, at, 1, 0, 3 from x where n >= ${FINISHED + SCHEDULED}`;
