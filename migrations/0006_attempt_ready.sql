-- minimum code version: 2
-- Since when an attempt's job had been ready: a job that waits for its next attempt tells how long the
-- last one had queued. Null for attempts that ended before this, or on an instance of an older release.
alter table vinyasa.job_attempts add column ready_at timestamptz;
