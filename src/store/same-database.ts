/** Whether two ways lead to the same database. */
import { randomInt } from "node:crypto";
import { OperatorError } from "../domain/errors.ts";
import type { Database } from "./database.ts";

/** Beside the locks of instances and of the counters. */
const LOCK_CLASS = 7218;

const LOCK = {
  name: "lock-to-be-seen",
  text: `/* lock-to-be-seen */ select pg_advisory_xact_lock(${LOCK_CLASS}, $1::int)`,
};

const SEES_LOCK = {
  name: "sees-lock",
  text: `/* sees-lock */
select exists (select from pg_locks where locktype = 'advisory' and granted
  and database = (select oid from pg_database where datname = current_database())
  and classid = ${LOCK_CLASS}::oid and objid = $1::int::oid and objsubid = 2) as found`,
};

/**
 * A lock that is taken on one way is looked for on the other: a replica, a copy or another database on
 * the same server does not have it, whatever their rows say.
 *
 * @throws OperatorError if they are two
 */
export async function assertSameDatabase(direct: Database, pooled: Database): Promise<void> {
  const key = randomInt(1_000, 2 ** 31 - 1);
  const found = await direct.transaction("compare-databases", async (tx) => {
    await tx.query(LOCK, [key]);
    const [row] = await pooled.query<{ found: boolean }>(SEES_LOCK, [key]);
    return row?.found === true;
  });
  if (found) return;
  throw new OperatorError(
    "DATABASE_POOL_URL and DATABASE_URL lead to different databases. Have the pooler connect to the " +
      "database of DATABASE_URL itself, not to a replica or a copy, or unset DATABASE_POOL_URL.",
  );
}
