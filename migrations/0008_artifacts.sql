-- minimum code version: 2
-- Files that jobs leave beside their results. They are written with the completion of the job and never
-- changed: a completed job does not run again. They go with their job, whose id they bear.
create table vinyasa.artifacts (
  job_id uuid not null,
  number smallint not null,
  content_type text not null,
  bytes bytea not null,
  primary key (job_id, number)
);

-- Not compressed, since images are already; so a part of one can be read without the parts before it.
alter table vinyasa.artifacts alter column bytes set storage external;
