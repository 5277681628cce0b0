-- minimum code version: 2
-- Fails so that nothing of the statement lasts, with a code of our own. It is for a statement that is
-- quick because it takes for granted that all rows are as its sender believes.
create function vinyasa.not_all() returns int language plpgsql volatile as $$
begin
  raise exception 'not all rows are as they were believed to be' using errcode = 'VY001';
end $$;
