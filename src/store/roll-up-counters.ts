/** Folds the counter deltas into the counters. */
import type { Queryable } from "./database.ts";

// One instance at a time: two would wait for each other's deletes. The lock is ours in this schema.
const ROLL_UP = {
  name: "roll-up-counters",
  text: `/* roll-up-counters */
with d as (
  delete from vinyasa.counter_deltas where (select pg_try_advisory_xact_lock(7218, 1))
  returning lane, status, delta
)
insert into vinyasa.counters as c (lane, status, count)
select lane, status, sum(delta) from d group by lane, status having sum(delta) <> 0
on conflict (lane, status) do update set count = c.count + excluded.count`,
};

export async function rollUpCounters(db: Queryable): Promise<void> {
  await db.query(ROLL_UP);
}
