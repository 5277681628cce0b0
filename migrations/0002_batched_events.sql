-- minimum code version: 2
-- Instances of version 1 must have stopped: they would write to tables that are gone.

-- With "immutable" PostgreSQL would not inline it: date_part() of a timestamp with time zone is only
-- stable. Called as a function it was a fifth of what a claim and a finish cost.
create or replace function vinyasa.ms(t timestamptz) returns float8 language sql stable parallel safe
  as $$ select floor(date_part('epoch', t) * 1000) $$;

-- What nearly all jobs have in common travels as one short text, which its readers parse once:
-- [back-off kind, base ms, max ms, jitter, timeout ms]. As five columns it was some 5 % of the work of
-- a submit and of a claim.
alter table vinyasa.jobs rename to jobs_1;
alter index vinyasa.jobs_pkey rename to jobs_1_pkey;
create table vinyasa.jobs (
  id uuid not null,
  expires_at timestamptz,
  lane int not null,
  max_attempts smallint not null,
  policy text not null,
  name text,
  tags text[],
  idempotency_key text,
  payload jsonb not null
);
insert into vinyasa.jobs
  select id, expires_at, lane, max_attempts, jsonb_build_array(backoff_kind, backoff_base_ms,
    backoff_max_ms, backoff_jitter, timeout_ms)::text, name, tags, idempotency_key, payload
  from vinyasa.jobs_1;
drop table vinyasa.jobs_1;
alter table vinyasa.jobs add constraint jobs_pkey primary key (id);
create index jobs_by_lane on vinyasa.jobs (lane, id);
create index jobs_by_tag on vinyasa.jobs using gin (tags) where tags is not null;

-- The event log, one row for each statement, lane and kind of move, written by the statement that
-- makes the moves: with a row and two index entries a job, the log was a fifth of the work and more
-- than a third of the WAL. Its order is (epoch, xid, seq), and it is read only below
-- pg_snapshot_xmin(pg_current_snapshot()): a transaction that began earlier may still commit with a
-- lower xid. `epoch` rises when a restore resets transaction ids. `seq` orders within a transaction,
-- so each session may draw its numbers a thousand at a time. The arrays belong together by place.
drop table vinyasa.job_events;
create table vinyasa.job_events (
  at timestamptz not null default clock_timestamp(),
  xid xid8 not null default pg_current_xact_id(),
  seq bigint generated always as identity (cache 1000),
  lane int not null,
  epoch smallint not null default 1,
  previous_status smallint,
  status smallint not null,
  job_ids uuid[] not null,
  versions int[] not null,
  attempts int[] not null
) partition by range (at);
-- Compressing ids takes longer than writing them.
alter table vinyasa.job_events alter job_ids set storage external,
  alter versions set storage external, alter attempts set storage external;
create table vinyasa.job_events_default partition of vinyasa.job_events default;
create index job_events_by_order on vinyasa.job_events (epoch, xid, seq);

-- What a job's timeline cannot be derived from: its submit as PENDING, its running and its last,
-- successful attempt are told by the tables that hold the job.
create table vinyasa.job_history (
  job_id uuid not null,
  version int not null,
  attempt int not null,
  at timestamptz not null default clock_timestamp(),
  previous_status smallint,
  status smallint not null,
  message text,
  primary key (job_id, version)
);

-- `claim_version`: of the claim that began the attempt; progress raises `version` further.
alter table vinyasa.running_jobs add column claim_version int not null default 0;
update vinyasa.running_jobs set claim_version = version;
alter table vinyasa.running_jobs alter column claim_version drop default;
alter table vinyasa.finished_jobs add column claim_version int;
update vinyasa.finished_jobs set claim_version = version - 1 where status = 5;

-- `rank` is what the claim orders by: minus the priority, or before all of those once a job has
-- waited for too long. The last columns are copies of what `jobs` has, for jobs that come straight from
-- their submit, so that a claim reads no other table: a look-up each was a fifth of its work. They
-- are null where the payload is large, and where the job comes from another state.
alter table vinyasa.ready_jobs rename to ready_jobs_1;
create table vinyasa.ready_jobs (
  job_id uuid not null,
  at timestamptz not null,
  ready_at timestamptz not null default clock_timestamp(),
  lane int not null,
  rank int not null,
  version int not null,
  attempt int not null,
  attempts_left int not null,
  priority smallint not null,
  max_attempts smallint,
  expires_at timestamptz,
  policy text,
  payload jsonb
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
insert into vinyasa.ready_jobs
  select job_id, at, ready_at, lane, neg_priority, version, attempt, attempts_left, -neg_priority
  from vinyasa.ready_jobs_1;
drop table vinyasa.ready_jobs_1;
-- The claim walks the primary key from its start: dead rows there are what slows it, hence the
-- early vacuum.
alter table vinyasa.ready_jobs add constraint ready_jobs_pkey primary key (lane, rank, at, job_id);
create unique index ready_jobs_by_id on vinyasa.ready_jobs (job_id);

-- A job that lost an attempt with an instance may have killed it: it goes on in a lane of suspects,
-- of which an instance runs one at a time.
alter table vinyasa.lanes add column suspect boolean not null default false;
alter table vinyasa.lanes drop constraint lanes_queue_type_threads_key,
  add constraint lanes_key unique (queue, type, threads, suspect);

-- Cancels of running jobs. `instance` is who has not been told yet; the rest is kept for the reader.
create table vinyasa.cancellations (
  job_id uuid primary key,
  instance int,
  requested_at timestamptz not null default clock_timestamp(),
  reason text
);
create index cancellations_to_deliver on vinyasa.cancellations (instance)
  where instance is not null;

create index instances_alive on vinyasa.instances (id) where ended_at is null;
