/**
 * The session-level advisory lock that an instance holds beside its heartbeat.
 *
 * A process that dies closes its connection, and PostgreSQL frees the lock in that moment: the others
 * need not wait for the lease. The key is (class, number of the instance), so that it cannot be taken
 * for a lock of an application that shares the database.
 */

/** "viny" as four bytes. */
const LOCK_CLASS = 0x76696e79;

/** A condition on a row of pg_locks: it is the lock of instance `number`, an SQL expression. */
function isLockOf(number: string): string {
  return `locktype = 'advisory' and classid = ${LOCK_CLASS}::oid and objid = ${number}::oid
    and objsubid = 2 and granted`;
}

/** True if this session has the lock. */
export function ownsInstanceLock(number: string): string {
  return `exists (select from pg_locks where pid = pg_backend_pid() and ${isLockOf(number)})`;
}

/**
 * Takes the lock; false if another session has it. Taken twice it must be given back twice: so only
 * where `ownsInstanceLock` is false.
 */
export function takeInstanceLock(number: string): string {
  return `pg_try_advisory_lock(${LOCK_CLASS}, ${number})`;
}

/** A query that gives the lock back where this session has it. */
export function giveBackInstanceLock(number: string): string {
  return `select pg_advisory_unlock(${LOCK_CLASS}, ${number}) from pg_locks
  where pid = pg_backend_pid() and ${isLockOf(number)}`;
}

/** True if no session of this database has the lock. */
export function isInstanceLockFree(number: string): string {
  return `not exists (select from pg_locks
    where database = (select oid from pg_database where datname = current_database())
      and ${isLockOf(number)})`;
}
