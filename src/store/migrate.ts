/**
 * Brings the schema up to date. Migrations only go forward, and old and new servers run side by side
 * during a rolling deploy: so each migration says which code can still live with it, and a server
 * refuses a schema only if it is older than that.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { OperatorError } from "../domain/errors.ts";
import { type Database, DatabaseError, type Queryable, type Transaction } from "./database.ts";
import { ensureEventPartitions } from "./event-partitions.ts";
import { type Migration, readMigrations } from "./migration-files.ts";

/** Raised with the first release that a migration's `minimum code version` must be able to name. */
export const CODE_VERSION = 2;

const PARTITION_DAYS_AHEAD = 7;

export interface MigrateOptions {
  readonly log?: Logger;
  /** Of this code, if not CODE_VERSION: for tests of older servers. */
  readonly codeVersion?: number;
}

export interface MigrateResult {
  /** Versions that this call applied. */
  readonly applied: number[];
  /** The schema's version now; above our own files' during a rolling deploy. */
  readonly version: number;
}

interface AppliedRow {
  version: number;
  name: string;
  checksum: string;
  min_code_version: number;
}

const HAS_TABLE = {
  name: "has-migrations",
  text: "/* has-migrations */ select to_regclass('vinyasa.migrations') is not null as found",
};

const READ = {
  name: "read-migrations",
  text: `/* read-migrations */
select version, name, checksum, min_code_version from vinyasa.migrations order by version`,
};

const RECORD = {
  name: "record-migration",
  text: `/* record-migration */
insert into vinyasa.migrations (version, name, checksum, min_code_version) values ($1, $2, $3, $4)`,
};

// A second instance waits for the lock as long as the first one's migration takes. After that a
// statement that cannot get its table gives up and tries again later: queued behind a long reader (a
// dump, a report) it blocks everybody, and 10 s of that stalled the fleet as long. The
// look at pg_namespace refreshes what the session knows of names, or "if not exists" may be wrong.
const LOCK = `
set local statement_timeout = 0;
set local lock_timeout = 0;
select pg_advisory_xact_lock(hashtextextended('vinyasa migrate', 0));
set local lock_timeout = '1s';
select from pg_catalog.pg_namespace limit 1;
create schema if not exists vinyasa;
create table if not exists vinyasa.migrations (
  version int primary key,
  name text not null,
  checksum text not null,
  min_code_version int not null,
  applied_at timestamptz not null default clock_timestamp()
);`;

/**
 * Applies what is missing, one transaction a migration, and creates the next days' event partitions.
 * Any number of instances may do it at once.
 *
 * @throws OperatorError if the schema is too new for this code, or was not made by these files
 */
export async function migrate(
  db: Database,
  { log, codeVersion = CODE_VERSION }: MigrateOptions = {},
): Promise<MigrateResult> {
  const migrations = await readMigrations();
  const before = await readApplied(db);
  check(before, migrations, codeVersion);
  const applied: number[] = [];
  for (const migration of migrations.filter((each) => !includes(before, each))) {
    log?.info({ migration: migration.name }, "applying migration");
    const work = (tx: Transaction) => apply(tx, migration, migrations, codeVersion);
    const done = await whenUnlocked(() => db.transaction("migrate", work), migration, log);
    if (done) applied.push(migration.version);
  }
  await ensureEventPartitions(db, { daysAhead: PARTITION_DAYS_AHEAD, ...(log && { log }) });
  const versions = [...before, ...migrations].map(({ version }) => version);
  return { applied, version: Math.max(0, ...versions) };
}

const LOCK_TIMEOUT = "55P03";
const TRIES_MAX = 30;
/** Those that queued behind the migration get their turn. */
const PAUSE_MS = 1_000;

/** @throws OperatorError if others hold its tables for a minute, or it may not be applied */
async function whenUnlocked<T>(
  attempt: () => Promise<T>,
  migration: Migration,
  log: Logger | undefined,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      const isLocked = error instanceof DatabaseError && error.sqlState === LOCK_TIMEOUT;
      if (!isLocked || tries === TRIES_MAX) throw explain(error, migration);
      const message = "a migration waits for a table that somebody reads or locks; trying again";
      if (tries === 1) log?.warn({ migration: migration.name }, message);
      await sleep(PAUSE_MS);
    }
  }
}

/** False if another instance was faster. */
async function apply(
  tx: Transaction,
  migration: Migration,
  migrations: readonly Migration[],
  codeVersion: number,
): Promise<boolean> {
  await tx.script(LOCK);
  const applied = await tx.query<AppliedRow>(READ);
  check(applied, migrations, codeVersion);
  if (includes(applied, migration)) return false;
  await tx.script(migration.sql);
  const { version, name, checksum, minCodeVersion } = migration;
  await tx.query(RECORD, [version, name, checksum, minCodeVersion]);
  return true;
}

async function readApplied(db: Queryable): Promise<AppliedRow[]> {
  const [row] = await db.query<{ found: boolean }>(HAS_TABLE);
  return row?.found === true ? db.query<AppliedRow>(READ) : [];
}

function includes(applied: readonly AppliedRow[], migration: Migration): boolean {
  return applied.some(({ version }) => version === migration.version);
}

function check(
  applied: readonly AppliedRow[],
  migrations: readonly Migration[],
  codeVersion: number,
): void {
  for (const row of applied) {
    if (row.min_code_version > codeVersion) {
      throw new OperatorError(
        `The database's schema (migration ${row.name}) needs code version ${row.min_code_version}, ` +
          `and this server is version ${codeVersion}. Run a newer release of Vinyasa.`,
      );
    }
    const known = migrations.find(({ version }) => version === row.version);
    if (known !== undefined && known.checksum !== row.checksum) {
      throw new OperatorError(
        `Migration ${row.name} was applied with another text than migrations/${known.name}.sql has now. ` +
          "Restore that file, or use another database.",
      );
    }
  }
}

function explain(error: unknown, migration: Migration): unknown {
  if (!(error instanceof DatabaseError)) return error;
  if (error.sqlState === "42501") {
    return new OperatorError(
      `Migration ${migration.name} failed: ${error.message}. Let the database's user create ` +
        "schemas (grant create on database ... to ...), or let its owner run the migration.",
      { cause: error },
    );
  }
  if (error.sqlState === LOCK_TIMEOUT) {
    return new OperatorError(
      `Migration ${migration.name} could not be applied: for a minute somebody has held a table that it ` +
        "changes, such as a dump or a long report (pg_stat_activity shows them). Start again when that is over.",
      { cause: error },
    );
  }
  const name = `migration ${migration.name}`;
  return new DatabaseError(name, error.cause, error.sqlState, error.constraint);
}
