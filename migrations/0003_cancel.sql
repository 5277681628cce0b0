-- minimum code version: 2
-- Progress and the request of a cancel change rows of running_jobs; until now those were only inserted
-- and deleted.

-- Whether somebody asked to cancel this running job. Volatile, so that it looks with a snapshot of its
-- own: a statement that waited for the lock of a cancel must see what the cancel wrote, and the
-- snapshot of the statement itself is older than that.
create function vinyasa.is_cancel_pending(id uuid) returns boolean language plpgsql volatile as $$
begin
  return exists (select from vinyasa.cancellations c where c.job_id = id and c.instance is not null);
end $$;

-- Fails as a serialization failure does, so that the caller sends its statement again. It is for a
-- statement that deletes rows by the places at which it locked them: one that was changed between the
-- statement's snapshot and its lock has a new place, which the snapshot does not show.
create function vinyasa.look_again() returns int language plpgsql volatile as $$
begin
  raise exception 'a row was changed while it was moved' using errcode = 'serialization_failure';
end $$;
