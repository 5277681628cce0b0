/** What PostgreSQL's background processes do and PGlite, which has none, does not: on request. */
import type { Row } from "./database.ts";
import type { PgSession } from "./pg-session.ts";

const WAL_BYTES_MAX = 64 * 1024 * 1024;
/** Every run vacuums one table at most: the only session is busy meanwhile. */
const DEAD_ROWS_MIN = 5_000;
const CHANGED_ROWS_MIN = 5_000;
const TRANSACTIONS_MAX = 100_000_000;

const WAL_SIZE = {
  name: "wal-since-checkpoint",
  text: `/* wal-since-checkpoint */
select (pg_current_wal_lsn() - redo_lsn)::float8 as bytes from pg_control_checkpoint()`,
};

// Autovacuum's rules, coarser. The first reason is the one that cannot wait: transaction ids wrap.
const WORST_TABLE = {
  name: "table-to-vacuum",
  text: `/* table-to-vacuum */
select format('%I.%I', s.schemaname, s.relname) as "table",
  age(c.relfrozenxid) > $1 or n_dead_tup > $2 + 0.1 * greatest(c.reltuples, 0) as dead
from pg_stat_all_tables s join pg_class c on c.oid = s.relid
where c.relkind = 'r' and c.relpersistence = 'p' and (age(c.relfrozenxid) > $1
  or n_dead_tup > $2 + 0.1 * greatest(c.reltuples, 0)
  or n_mod_since_analyze > $3 + 0.1 * greatest(c.reltuples, 0))
order by age(c.relfrozenxid) > $1 desc, n_dead_tup desc, n_mod_since_analyze desc
limit 1`,
};

/** A checkpoint if 64 MB of log have gathered, and the vacuum or analyze that is most needed. */
export async function maintainEmbedded(session: PgSession): Promise<void> {
  const [wal] = await session.query<{ bytes: number } & Row>(WAL_SIZE);
  if ((wal?.bytes ?? 0) > WAL_BYTES_MAX) await session.script("checkpoint");
  const limits = [TRANSACTIONS_MAX, DEAD_ROWS_MIN, CHANGED_ROWS_MIN];
  const [worst] = await session.query<{ table: string; dead: boolean }>(WORST_TABLE, limits);
  if (worst === undefined) return;
  await session.script(`${worst.dead ? "vacuum (analyze)" : "analyze"} ${worst.table}`);
}
