/** Begins a new life of the event log where transaction ids have been reset. */
import type { Database } from "./database.ts";

// A row of a transaction that has not begun yet was written in another cluster.
const IS_RESET = {
  name: "is-log-reset",
  text: `/* is-log-reset */
select coalesce((
  select xid >= pg_snapshot_xmax(pg_current_snapshot()) from vinyasa.job_events
  where epoch = (select max(epoch) from vinyasa.epochs) order by epoch desc, xid desc, seq desc limit 1
), false) as reset`,
};

const ADD = {
  name: "add-log-epoch",
  text: `/* add-log-epoch */
insert into vinyasa.epochs (epoch) select max(epoch) + 1 from vinyasa.epochs returning epoch::int`,
};

/**
 * To be called before anything is written: after a restore from a dump, the log's order begins anew,
 * and readers who held a position in the old one are told so.
 *
 * @returns the new epoch, or null where nothing had to be done
 */
export async function renewLogEpoch(db: Database): Promise<number | null> {
  if (!(await isReset(db))) return null;
  return db.transaction("renew-log-epoch", async (tx) => {
    await tx.script("lock table vinyasa.epochs in access exclusive mode");
    // Another instance was faster.
    if (!(await isReset(tx))) return null;
    const [row] = await tx.query<{ epoch: number }>(ADD);
    const epoch = Number(row?.epoch);
    await tx.script(`alter table vinyasa.job_events alter epoch set default ${epoch}`);
    return epoch;
  });
}

async function isReset(db: Pick<Database, "query">): Promise<boolean> {
  const [row] = await db.query<{ reset: boolean }>(IS_RESET);
  return row?.reset === true;
}
