import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { OperatorError } from "../../src/domain/errors.ts";
import type { Database } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { assertSameDatabase } from "../../src/store/same-database.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { hasPgBouncer, type PgBouncer, startPgBouncer } from "./pgbouncer.ts";
import { failure, sql } from "./statements.ts";

const log = pino({ level: "silent" });
/** As operators set it when a client complains: the parameters are dropped then. */
const LENIENT = [
  "ignore_startup_parameters = options,statement_timeout,lock_timeout,idle_in_transaction_session_timeout",
];

const describeBehindPooler = hasPgBouncer
  ? describeWithPostgres
  : (name: string, _tests: () => void) =>
      describe.skip(`${name} (skipped: no pgbouncer)`, () => {});

let url: string;
let pooler: PgBouncer | null = null;
let open: Database[] = [];

beforeEach(async () => {
  if (inject("postgresUrl") !== null) ({ url } = await createTestDatabase());
});

afterEach(async () => {
  await Promise.all(open.map((db) => db.close()));
  open = [];
  await pooler?.stop();
  pooler = null;
});

async function through(...settings: string[]): Promise<string> {
  pooler = await startPgBouncer(inject("postgresUrl") ?? "", settings);
  return pooler.url(url);
}

async function opened(options: Partial<Parameters<typeof openPostgres>[0]>): Promise<Database> {
  const db = await openPostgres({ url, poolMax: 4, role: "api", log, ...options });
  open.push(db);
  return db;
}

describeBehindPooler("the engine's connection, and the heartbeat's, through a pooler", () => {
  it.each([
    ["transaction mode", ["pool_mode = transaction", ...LENIENT], /share sessions/],
    [
      "transaction mode that spreads",
      ["pool_mode = transaction", "server_round_robin = 1", ...LENIENT],
      /share sessions/,
    ],
    [
      "transaction mode with one session for all",
      ["pool_mode = transaction", "default_pool_size = 1", ...LENIENT],
      /share sessions/,
    ],
    ["statement mode", ["pool_mode = statement", ...LENIENT], /pooler/],
    ["session mode", ["pool_mode = session", ...LENIENT], /drops the settings/],
    ["default settings", [], /unsupported startup parameter/],
  ])("in %s is refused, with the remedy", async (_mode, settings, why) => {
    const pooled = await through(...settings);
    for (const role of ["engine", "heartbeat"] as const) {
      const outcome = opened({ url: pooled, role });
      await expect(outcome).rejects.toThrow(OperatorError);
      await expect(outcome).rejects.toThrow(why);
      await expect(outcome).rejects.toThrow(
        /Set DATABASE_URL to the server itself.*DATABASE_POOL_URL/,
      );
    }
  });
});

describeBehindPooler("requests through a pooler", () => {
  it("run with their limits and settings, and leave none behind", async () => {
    const pooled = await through("pool_mode = transaction", "default_pool_size = 1");
    const db = await opened({ url: pooled, pooled: true });
    const [row] = await db.query<Record<string, string>>(
      sql(`select current_setting('statement_timeout') as statement,
        current_setting('lock_timeout') as lock, current_setting('jit') as jit,
        current_setting('enable_incremental_sort') as sort, current_setting('TimeZone') as zone`),
    );
    expect(row).toEqual({ statement: "10s", lock: "5s", jit: "off", sort: "off", zone: "UTC" });
    const bare = await opened({ url: pooled, pooled: true });
    await bare.script("create table public.seen as select current_setting('lock_timeout') as lock");
    expect(await db.query(sql("select lock from public.seen"))).toEqual([{ lock: "0" }]);
  });

  it("work side by side on fewer sessions than there are connections, without prepared statements", async () => {
    const pooled = await through("pool_mode = transaction", "default_pool_size = 2");
    const db = await opened({ url: pooled, pooled: true });
    await db.script("create table public.numbers (n int)");
    const insert = sql("insert into public.numbers values ($1::int) returning n");
    const rows = await Promise.all(Array.from({ length: 200 }, (_, n) => db.query(insert, [n])));
    expect(rows.flat()).toHaveLength(200);
    const prepared = "select count(*)::int as n from pg_prepared_statements where name <> ''";
    expect(await db.query(sql(prepared))).toEqual([{ n: 0 }]);
    const outcome = db.transaction("undone", async (tx) => {
      await tx.query(insert, [1_000]);
      await tx.query(sql("select 1 / 0"));
    });
    expect((await failure(outcome)).sqlState).toBe("22012");
    const [count] = await db.query<{ n: number }>(
      sql("select count(*)::int as n from public.numbers"),
    );
    expect(count?.n).toBe(200);
  });

  it("go to the engine's database, or the start is refused", async () => {
    const pooled = await through("pool_mode = transaction");
    const engine = await opened({ role: "engine" });
    await assertSameDatabase(engine, await opened({ url: pooled, pooled: true }));
    const { url: elsewhere } = await createTestDatabase();
    const other = await opened({ url: pooler?.url(elsewhere) ?? "", pooled: true });
    const outcome = assertSameDatabase(engine, other);
    await expect(outcome).rejects.toThrow(OperatorError);
    await expect(outcome).rejects.toThrow(/lead to different databases/);
  });

  it("that nobody answers name the variable", async () => {
    const pooled = await through("pool_mode = transaction");
    await pooler?.stop();
    await expect(opened({ url: pooled, pooled: true })).rejects.toThrow(
      /ECONNREFUSED.*Start the pooler, or correct DATABASE_POOL_URL/,
    );
  });
});
