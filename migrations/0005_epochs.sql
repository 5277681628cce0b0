-- minimum code version: 2
-- The lives of the event log: a restore into another cluster begins a new one, because there
-- transaction ids count from elsewhere. The last one is the default of job_events.epoch.
create table vinyasa.epochs (
  epoch smallint primary key,
  began_at timestamptz not null default clock_timestamp()
);
insert into vinyasa.epochs (epoch) values (1);
