/**
 * How long a page of jobs takes in a large store.
 *
 *   npm run build && node bench/lists.js [finished = 1000000] [ready = 100000] [scheduled = 0]
 *
 * Makes a database of its own on the server of DATABASE_URL and drops it afterwards. Twelve lanes,
 * of which the first has two fifths of the jobs and the last a thirtieth; of the finished jobs 90 %
 * are COMPLETED. ANALYZE=0 leaves the tables as they were filled, PLAN=force_generic_plan (or
 * force_custom_plan) sets plan_cache_mode, KEEP=1 keeps the database for the next run.
 */
import pg from "pg";
import pino from "pino";
import { LaneCatalog } from "../dist/src/store/lane-catalog.js";
import { listJobs } from "../dist/src/store/list-jobs.js";
import { encodeCursor } from "../dist/src/store/lists/cursor.js";
import { EARLIEST } from "../dist/src/store/lists/list-key.js";
import { migrate } from "../dist/src/store/migrate.js";
import { openPostgres } from "../dist/src/store/postgres-database.js";
import { readStats } from "../dist/src/store/read-stats.js";

const [finished = 1_000_000, ready = 100_000, scheduled = 0] = process.argv.slice(2).map(Number);
const server = process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const name = "vinyasa_bench_lists";
const CHUNK = 100_000;
const BEGIN_MS = Date.UTC(2026, 0, 1);
const STEP_MS = 5;

async function administer(sql) {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  const result = await client.query(sql);
  await client.end();
  return result.rows;
}

const fillSql = (from, to) => `
create function pg_temp.v7(ms bigint, k bigint) returns uuid language sql as $$
  select (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(k & 4095), 3, '0')
    || substr('89ab', 1 + (random() * 3)::int, 1) || substr(md5(random()::text), 1, 15))::uuid $$;
create temp table x as
select pg_temp.v7(${BEGIN_MS} + i * ${STEP_MS}, i) as id, i, (random() * 4)::int as priority,
  random() as r, least(12, 1 + floor(power(random(), 3) * 12))::int as lane,
  to_timestamp((${BEGIN_MS} + i * ${STEP_MS}) / 1000.0) as at,
  case when i > ${finished + ready} then 2 when i > ${finished} then 3 when random() < 0.9 then 5
    when random() < 0.7 then 6 else 7 end as status
from generate_series(${from}, ${to}) i;
insert into vinyasa.jobs (id, lane, max_attempts, policy, name, tags, payload)
select id, lane, 3, '[0,2000,3600000,0.25,60000]', case when r < 0.3 then 'job ' || i end,
  case when r < 0.0005 then '{rare,all}'::text[] when r < 0.5 then '{all}'::text[] end,
  jsonb_build_object('n', i, 'customer', 'customer-' || (i % 1000)) from x;
insert into vinyasa.finished_jobs (job_id, status, lane, priority, worker, threads, instance, version,
  attempt, attempts_left, at, ready_at, started_at, finished_at, result)
select id, status, lane, priority, 0, 1, 1, 3, 1, 2, at, at, at + r * interval '1 s',
  at + r * interval '20 s', '{"ok": true}' from x where status > 4 order by at + r * interval '20 s';
insert into vinyasa.ready_jobs (lane, rank, priority, at, job_id, version, attempt, attempts_left, ready_at)
select lane, -priority, priority, at, id, 1, 0, 3, at from x where status = 3;
insert into vinyasa.scheduled_jobs (job_id, lane, priority, at, version, attempt, attempts_left)
select id, lane, priority, at + interval '1 year', 1, 0, 3 from x where status = 2;
insert into vinyasa.counter_deltas select lane, status, count(*) from x group by 1, 2;
drop table x; drop function pg_temp.v7;`;

async function fill(db) {
  await new LaneCatalog(db).intern(
    Array.from({ length: 12 }, (_, i) => ({ queue: `q${i >> 2}`, type: `t${i}`, threads: 1 })),
  );
  const total = finished + ready + scheduled;
  for (let from = 1; from <= total; from += CHUNK) {
    await db.script(fillSql(from, Math.min(total, from + CHUNK - 1)));
  }
}

/** The middle and the 99th percentile of `times` runs, one after the other, in milliseconds. */
async function measure(label, times, run) {
  const taken = [];
  for (let i = 0; i < times + 20; i += 1) {
    const start = performance.now();
    await run();
    // The first runs plan the statement on each connection.
    if (i >= 20) taken.push(performance.now() - start);
  }
  taken.sort((a, b) => a - b);
  const at = (share) => taken[Math.min(times - 1, Math.floor(times * share))].toFixed(2);
  console.log(`${label.padEnd(52)} p50 ${at(0.5).padStart(8)}  p99 ${at(0.99).padStart(8)} ms`);
}

const exists = await administer(`select from pg_database where datname = '${name}'`);
if (exists.length === 0) await administer(`create database ${name}`);
await administer(`alter database ${name} set plan_cache_mode = '${process.env.PLAN ?? "auto"}'`);
const url = new URL(server);
url.pathname = `/${name}`;
const log = pino({ level: "warn" });
const db = await openPostgres({ url: url.href, poolMax: 4, role: "api", log });
if (exists.length === 0) {
  await migrate(db);
  await fill(db);
  // What autovacuum would do within minutes, at a moment of our own choice.
  if (process.env.ANALYZE !== "0") await administerHere("vacuum analyze");
}
const lanes = new LaneCatalog(db);
await lanes.load();

async function administerHere(sql) {
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(sql);
  await client.end();
}

const CREATED = { field: "CREATED_AT", direction: "DESC" };
const FINISHED = { field: "FINISHED_AT", direction: "DESC" };
const PRIORITY = { field: "PRIORITY", direction: "DESC" };

/** A cursor at a random moment of the finished jobs. */
function randomCursor(order) {
  const ms = BEGIN_MS + Math.floor(Math.random() * finished) * STEP_MS;
  const hex = ms.toString(16).padStart(12, "0");
  const id = `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
  const at =
    order.field === "CREATED_AT" ? EARLIEST : new Date(ms).toISOString().replace("Z", "000Z");
  return encodeCursor(order, { rank: order.field === "PRIORITY" ? -2 : 0, at, id });
}

const list =
  (filter, orderBy, deep = true) =>
  () =>
    listJobs(db, lanes, {
      filter,
      orderBy,
      limit: 50,
      after: deep ? randomCursor(orderBy) : null,
      before: null,
      backward: false,
    });

const nothing = { name: "select-1", text: "select 1 as one" };
console.log(`${finished} finished, ${ready} ready, ${scheduled} scheduled jobs; pages of 50`);
await measure("select 1, for scale", 500, () => db.query(nothing));
const mixed = { status: ["COMPLETED", "FAILED", "CANCELLED"] };
// The compiler of JavaScript takes some hundred pages to settle.
for (let i = 0; i < 300; i += 1) await list(mixed, CREATED)();
await measure("three statuses, random cursors", 500, list(mixed, CREATED));
await measure("three statuses, first page", 200, list(mixed, CREATED, false));
await measure(
  "PENDING, RUNNING and FAILED, random cursors",
  200,
  list({ status: ["PENDING", "RUNNING", "FAILED"] }, CREATED),
);
await measure("all jobs, random cursors", 200, list({}, CREATED));
await measure("three statuses by finish, random cursors", 200, list(mixed, FINISHED));
await measure("waiting and running by priority, first page", 200, list({}, PRIORITY, false));
await measure("waiting and running by priority, random cursors", 200, list({}, PRIORITY));
await measure("a rare type, random cursors", 200, list({ type: ["t11"] }, CREATED));
await measure(
  "a rare type, FAILED, random cursors",
  200,
  list({ type: ["t11"], status: ["FAILED"] }, CREATED),
);
await measure(
  "a rare type, CANCELLED by finish",
  200,
  list({ type: ["t11"], status: ["CANCELLED"] }, FINISHED, false),
);
await measure("a common tag, random cursors", 100, list({ tags: ["all"] }, CREATED));
await measure("a rare tag, random cursors", 50, list({ tags: ["rare"] }, CREATED));
await measure("name search, found at once", 50, list({ name: "job" }, CREATED, false));
await measure("name search, found nowhere", 10, list({ name: "x" }, CREATED, false));
await measure("stats", 200, () => readStats(db, lanes, {}));
await measure("stats of a queue", 200, () => readStats(db, lanes, { queues: ["q1"] }));
await db.close();
if (process.env.KEEP !== "1") await administer(`drop database ${name}`);
