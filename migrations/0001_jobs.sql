-- minimum code version: 1
-- Vinyasa's tables live in a schema of their own, so that it can share a database with the
-- application whose jobs it runs.

-- Milliseconds since 1970: how times travel to the code.
create function vinyasa.ms(t timestamptz) returns float8 language sql immutable parallel safe
  as $$ select floor(date_part('epoch', t) * 1000) $$;

create table vinyasa.settings (
  key text primary key,
  value jsonb not null
);

-- One server process each. `id` is what running rows carry: four bytes instead of sixteen.
create table vinyasa.instances (
  id int generated always as identity primary key,
  uuid uuid not null unique,
  hostname text not null,
  pid int not null,
  code_version int not null,
  workers jsonb not null,
  started_at timestamptz not null default clock_timestamp(),
  beat_at timestamptz not null default clock_timestamp(),
  draining boolean not null default false,
  ended_at timestamptz
) with (fillfactor = 50);

-- Queue x type x threads: what the claim chooses between.
create table vinyasa.lanes (
  id int generated always as identity primary key,
  queue text not null,
  type text not null,
  threads smallint not null,
  unique (queue, type, threads)
);

-- What was submitted. Insert-only: a payload is never rewritten. Where the job stands is told by
-- the one state table that holds its row. `created_at` is the time inside the id (UUID version 7).
create table vinyasa.jobs (
  id uuid primary key,
  lane int not null,
  max_attempts smallint not null,
  backoff_kind smallint not null,
  backoff_jitter real not null,
  backoff_base_ms bigint not null,
  backoff_max_ms bigint not null,
  timeout_ms bigint not null,
  expires_at timestamptz,
  name text,
  tags text[],
  idempotency_key text,
  payload jsonb not null
);
create index jobs_by_lane on vinyasa.jobs (lane, id);
create index jobs_by_tag on vinyasa.jobs using gin (tags) where tags is not null;

-- The state tables. `version` rises with every move, `attempts_left` counts what may still be spent,
-- `at` is scheduledAt. A row that is not where a move expects it was moved by somebody else.
create table vinyasa.blocked_jobs (
  job_id uuid primary key,
  lane int not null,
  priority smallint not null,
  at timestamptz not null,
  version int not null,
  attempt int not null,
  attempts_left int not null,
  open_parents int not null,
  since timestamptz not null default clock_timestamp()
);
create index blocked_jobs_by_priority on vinyasa.blocked_jobs ((-(priority::int)), at, job_id);

create table vinyasa.scheduled_jobs (
  job_id uuid primary key,
  lane int not null,
  priority smallint not null,
  at timestamptz not null,
  version int not null,
  attempt int not null,
  attempts_left int not null,
  since timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
create index scheduled_jobs_by_time on vinyasa.scheduled_jobs (at, job_id);
create index scheduled_jobs_by_priority on vinyasa.scheduled_jobs ((-(priority::int)), at, job_id);

-- The claim walks the primary key from its start: dead rows there are what slows it, hence the
-- early vacuum. `ready_at` begins the queue time.
create table vinyasa.ready_jobs (
  lane int not null,
  neg_priority int not null,
  at timestamptz not null,
  job_id uuid not null,
  version int not null,
  attempt int not null,
  attempts_left int not null,
  ready_at timestamptz not null default clock_timestamp(),
  primary key (lane, neg_priority, at, job_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
create unique index ready_jobs_by_id on vinyasa.ready_jobs (job_id);

-- `token` names one claim: every later write of the attempt must show it, with the attempt.
create table vinyasa.running_jobs (
  job_id uuid primary key,
  token uuid not null,
  instance int not null,
  worker smallint not null,
  threads smallint not null,
  lane int not null,
  priority smallint not null,
  at timestamptz not null,
  version int not null,
  attempt int not null,
  attempts_left int not null,
  ready_at timestamptz not null,
  started_at timestamptz not null default clock_timestamp(),
  progress real
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

create table vinyasa.finished_jobs (
  job_id uuid primary key,
  status smallint not null check (status between 5 and 7),
  lane int not null,
  priority smallint not null,
  worker smallint,
  threads smallint,
  instance int,
  version int not null,
  attempt int not null,
  attempts_left int not null,
  at timestamptz not null,
  ready_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz not null,
  result jsonb
) with (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000);
create index finished_jobs_by_status on vinyasa.finished_jobs (status, job_id);
create index finished_jobs_by_time on vinyasa.finished_jobs (status, finished_at, job_id);

-- Attempts that did not end well, as they end; the running one and the successful one are derived
-- from running_jobs and finished_jobs.
create table vinyasa.job_attempts (
  job_id uuid not null,
  number int not null,
  outcome smallint not null check (outcome between 2 and 7),
  instance int not null,
  worker smallint not null,
  threads smallint not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  retryable boolean,
  message text,
  code text,
  stack text,
  primary key (job_id, number)
);

create table vinyasa.idempotency_keys (
  key text primary key,
  job_id uuid not null,
  input_hash text not null
);

-- Jobs that must not start after a time. A row goes when its time has come.
create table vinyasa.job_expiries (
  expires_at timestamptz not null,
  job_id uuid not null,
  primary key (expires_at, job_id)
);

-- The event log, written by the statement that makes the change. Its order is (epoch, xid, seq),
-- and it is read only below pg_snapshot_xmin(pg_current_snapshot()): a transaction that began
-- earlier may still commit with a lower xid. `epoch` rises when a restore resets transaction ids.
-- `seq` orders within a transaction, so each session may draw its numbers a thousand at a time.
create table vinyasa.job_events (
  epoch smallint not null default 1,
  status smallint not null,
  previous_status smallint,
  attempt int not null,
  xid xid8 not null default pg_current_xact_id(),
  seq bigint generated always as identity (cache 1000),
  job_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  version int not null,
  lane int not null,
  message text
) partition by range (at);
create table vinyasa.job_events_default partition of vinyasa.job_events default;
create index job_events_by_job on vinyasa.job_events (job_id, version);
create index job_events_by_order on vinyasa.job_events (epoch, xid, seq);

-- Counts by lane and status: insert-only deltas, folded into `counters` every second.
create table vinyasa.counter_deltas (
  lane int not null,
  status smallint not null,
  delta int not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table vinyasa.counters (
  lane int not null,
  status smallint not null,
  count bigint not null,
  primary key (lane, status)
) with (fillfactor = 50);
