-- minimum code version: 2
-- Lines that executors log. Insert-only, and bounded for each attempt by who writes them. The key is the
-- order in which they are read, and it begins with the job, so that all of a job's are removed by one
-- walk of it. `level` counts from 1: debug, info, warn, error.
create table vinyasa.job_logs (
  job_id uuid not null,
  attempt int not null,
  seq int not null,
  level smallint not null,
  at timestamptz not null,
  message text not null,
  fields jsonb,
  primary key (job_id, attempt, seq)
);
