import pino from "pino";
import { beforeEach, expect, it } from "vitest";
import { OperatorError } from "../../src/domain/errors.ts";
import { clusterId } from "../../src/store/cluster-id.ts";
import type { Database } from "../../src/store/database.ts";
import { ensureEventPartitions } from "../../src/store/event-partitions.ts";
import { CODE_VERSION, migrate } from "../../src/store/migrate.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { sql } from "./statements.ts";

const log = pino({ level: "silent" });
const DAY_MS = 86_400_000;

/** A pool on a migrated database, closed and dropped after the test. */
async function openTestDatabase(onEnd: (close: () => Promise<void>) => void): Promise<Database[]> {
  const { url, drop } = await createTestDatabase();
  const open = () => openPostgres({ url, poolMax: 4, role: "engine", log });
  const databases = await Promise.all([open(), open(), open()]);
  onEnd(async () => {
    await Promise.all(databases.map((each) => each.close()));
    await drop();
  });
  return databases;
}

describeWithPostgres("migrations", () => {
  let databases: Database[];
  let db: Database;

  beforeEach(async (context) => {
    databases = await openTestDatabase(context.onTestFinished);
    const [first] = databases;
    if (first === undefined) throw new Error("none was opened");
    db = first;
  });

  const record = (version: number, minimum: number) =>
    db.query(sql("insert into vinyasa.migrations values ($1, $2, 'checksum', $3)"), [
      version,
      `${version}_later`,
      minimum,
    ]);

  it("are applied once by several instances that start at once", async () => {
    await db.script("drop schema vinyasa cascade");
    const results = await Promise.all(databases.map((each) => migrate(each)));
    const applied = results.flatMap((result) => result.applied);
    expect(applied.length).toBeGreaterThan(0);
    expect(new Set(applied).size).toBe(applied.length);
    const rows = await db.query(sql("select version from vinyasa.migrations"));
    expect(rows).toHaveLength(applied.length);
  });

  it("wait for a table that is being read, without anybody waiting for long behind them", async () => {
    await db.script("alter table vinyasa.job_attempts drop column ready_at");
    await db.query(sql("delete from vinyasa.migrations where version = 6"));
    const [, reader, writer] = databases;
    let waits = () => {};
    const whenItWaits = new Promise<void>((resolve) => {
      waits = resolve;
    });
    const told = pino({ level: "warn" }, { write: () => waits() });
    let migrated: ReturnType<typeof migrate> | undefined;
    await reader?.transaction("read", async (tx) => {
      await tx.query(sql("select from vinyasa.job_attempts"));
      migrated = migrate(db, { log: told });
      await whenItWaits;
      await writer?.query(sql("delete from vinyasa.job_attempts"));
    });
    expect((await migrated)?.applied).toContain(6);
  });

  it("of a newer release are fine if they say that this code can live with them", async () => {
    await record(9_000, CODE_VERSION);
    expect(await migrate(db)).toEqual({ applied: [], version: 9_000 });
  });

  it("that this code is too old for are refused, with the remedy", async () => {
    await record(9_000, CODE_VERSION + 1);
    await expect(migrate(db)).rejects.toThrow(OperatorError);
    await expect(migrate(db)).rejects.toThrow(/9000_later.*needs code version.*newer release/);
  });

  it("that changed after they were applied are refused", async () => {
    await db.query(sql("update vinyasa.migrations set checksum = 'other' where version = 1"));
    await expect(migrate(db)).rejects.toThrow(OperatorError);
    await expect(migrate(db)).rejects.toThrow(/0001_\w+ was applied with another text/);
  });

  it("need the right to create schemas, and say so", async () => {
    await db.script("drop schema vinyasa cascade");
    const role = `vinyasa_test_${Math.random().toString(36).slice(2)}`;
    await db.script(`create role ${role}; grant ${role} to current_user`);
    const poor: Database = {
      ...db,
      kind: db.kind,
      query: (statement, values) => db.query(statement, values),
      transaction: (name, work) =>
        db.transaction(name, async (tx) => {
          await tx.script(`set local role ${role}`);
          return work(tx);
        }),
    };
    await expect(migrate(poor)).rejects.toThrow(OperatorError);
    await expect(migrate(poor)).rejects.toThrow(/permission denied.*grant create on database/);
    await db.script(`drop role ${role}`);
  });

  it("leave the event log with partitions for today and the next seven days", async () => {
    expect(await partitions()).toEqual(daysFromToday(8));
  });

  it("give all instances one cluster id", async () => {
    const ids = await Promise.all(databases.map((each) => clusterId(each)));
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(ids).size).toBe(1);
    expect(await clusterId(db)).toBe(ids[0]);
  });

  it("let partitions be made by several instances at once", async () => {
    const created = await Promise.all(
      databases.map((each) => ensureEventPartitions(each, { daysAhead: 9, log })),
    );
    expect(created.flat().sort()).toEqual(daysFromToday(10).slice(8));
    expect(await partitions()).toEqual(daysFromToday(10));
    expect(await ensureEventPartitions(db, { daysAhead: 9 })).toEqual([]);
  });

  it("skip a day whose events are in the default partition, and make the others", async () => {
    const [, , third] = daysFromToday(3);
    await db.script(`drop table vinyasa.job_events_${third}`);
    const insert = `insert into vinyasa.job_events (lane, status, job_ids, versions, attempts, at)
      values (1, 3, '{}', '{}', '{}', $1::timestamptz)`;
    await db.query(sql(insert), [new Date(Date.now() + 2 * DAY_MS).toISOString()]);
    expect(await ensureEventPartitions(db, { daysAhead: 8 })).toEqual(daysFromToday(9).slice(8));
    const stored = "select tableoid::regclass::text as partition from vinyasa.job_events";
    expect(await db.query(sql(stored))).toEqual([{ partition: "vinyasa.job_events_default" }]);
  });

  it("give events a sequence of their own, whatever partition they go to", async () => {
    const insert = `insert into vinyasa.job_events (lane, status, job_ids, versions, attempts, at)
      select 1, 3, '{}', '{}', '{}', clock_timestamp() + day * interval '1 day'
      from generate_series(0, 9) day`;
    await db.query(sql(insert));
    const rows = await db.query(sql("select seq::int from vinyasa.job_events order by at"));
    expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  async function partitions(): Promise<unknown[]> {
    const rows = await db.query(
      sql(`select right(inhrelid::regclass::text, 8) as day from pg_inherits
        where inhparent = 'vinyasa.job_events'::regclass
          and inhrelid <> 'vinyasa.job_events_default'::regclass order by 1`),
    );
    return rows.map(({ day }) => day);
  }
});

/** UTC, as "20260131". */
function daysFromToday(count: number): string[] {
  return Array.from({ length: count }, (_, day) =>
    new Date(Date.now() + day * DAY_MS).toISOString().slice(0, 10).replaceAll("-", ""),
  );
}
