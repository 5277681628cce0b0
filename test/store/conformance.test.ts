import fc from "fast-check";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { openEmbedded } from "../../src/store/embedded-database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { readMigrations } from "../../src/store/migration-files.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestFolder } from "../support/embedded.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { failure, signal, sql } from "./statements.ts";

const log = pino({ level: "silent" });

describeWithPostgres("PostgreSQL", () => {
  conforms(async () => {
    const { url } = await createTestDatabase();
    return openPostgres({ url, poolMax: 5, role: "engine", log });
  });
});

describe("embedded PostgreSQL", () => {
  conforms(async () => {
    const folder = await createTestFolder();
    return openEmbedded({ folder, log, fsync: false });
  });
});

function conforms(open: () => Promise<Database>): void {
  let db: Database;

  beforeAll(async () => {
    db = await open();
    await db.script("create table public.things (id int primary key, name text unique)");
  });

  afterAll(() => db.close());

  const echo = async (type: string, value: unknown) => {
    const rows = await db.query<{ value: unknown }>(sql(`select $1::${type} as value`), [value]);
    return rows[0]?.value;
  };

  describe("values come back as they were sent", () => {
    it.each([
      ["int", -2_147_483_648],
      ["smallint", 32_767],
      ["float8", 0.1],
      ["float8", -1.5e300],
      ["boolean", false],
      ["text", ""],
      ["text", `'quotes' "and" \\backslashes\\, {braces}, a\nline, Zürich, 日本語, 👍🏽`],
      ["uuid", "0198c0de-7000-7000-8000-000000000001"],
      ["text[]", ["a", "", "NULL", null, `"q"`, "back\\slash", "co,mma", "{brace}", " space "]],
      ["text[]", []],
      ["int[]", [1, null, -3]],
      ["float8[]", [0.5, 1e-7]],
      ["boolean[]", [true, null, false]],
      ["uuid[]", ["0198c0de-7000-7000-8000-000000000001", null]],
      ["text", null],
      ["jsonb", null],
    ])("%s %j", async (type, value) => {
      expect(await echo(type, value)).toEqual(value);
    });

    it("jsonb is sent as text and read parsed", async () => {
      const value = { a: [1, 2.5, null, true], "ü'\"\\": { nested: "\n" }, empty: {} };
      expect(await echo("jsonb", JSON.stringify(value))).toEqual(value);
      expect(await echo("jsonb", "null")).toBeNull();
      expect(await echo("jsonb", '"text"')).toBe("text");
    });

    it("a list of jsonb is sent as texts and read parsed", async () => {
      const values = [{ a: 'quo"te', b: "\\" }, [1, "x,y"], "text", 7, null];
      const sent = values.map((value) => (value === null ? null : JSON.stringify(value)));
      expect(await echo("jsonb[]", sent)).toEqual(values);
    });

    it("times travel as milliseconds", async () => {
      const text = "select vinyasa.ms(to_timestamp($1::float8 / 1000)) as ms";
      const atMs = Date.UTC(2031, 1, 3, 4, 5, 6, 789);
      expect(await db.query(sql(text), [atMs])).toEqual([{ ms: atMs }]);
    });

    it("any list of texts", async () => {
      const text = fc
        .string({ unit: "grapheme" })
        .filter((value) => !value.includes("\0") && value.isWellFormed());
      const statement = sql("select $1::text[] as list, $2::text as single");
      await fc.assert(
        fc.asyncProperty(fc.array(fc.option(text)), text, async (list, single) => {
          expect(await db.query(statement, [list, single])).toEqual([{ list, single }]);
        }),
        { numRuns: 50 },
      );
    });

    it("a megabyte in and out", async () => {
      const value = "0123456789abcdef".repeat(65_536);
      expect(await echo("text", value)).toBe(value);
    });

    it("many rows, in their order", async () => {
      const rows = await db.query(
        sql("select i, repeat('x', 100) as x from generate_series(1, 5000) i"),
      );
      expect(rows.map((row) => row.i)).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
    });
  });

  describe("a failed statement", () => {
    it("tells its name, the SQLSTATE and the constraint", async () => {
      await db.query(sql("insert into public.things values (1, 'one')"));
      const text = "insert into public.things values ($1, $2)";
      const primary = await failure(db.query({ name: "insert-thing", text }, [1, "x"]));
      expect(primary.message).toContain("insert-thing: duplicate key");
      expect(primary).toMatchObject({ sqlState: "23505", constraint: "things_pkey" });
      const unique = await failure(db.query({ name: "insert-thing", text }, [2, "one"]));
      expect(unique).toMatchObject({ sqlState: "23505", constraint: "things_name_key" });
      expect(unique.isConnectionLost).toBe(false);
    });

    it.each([
      ["42601", "selec"],
      ["42P01", "select * from vinyasa.nothing"],
      ["22012", "select 1 / 0"],
      ["22P02", "select 'x'::uuid"],
    ])("has SQLSTATE %s for %s, and the next one runs", async (sqlState, text) => {
      expect(await failure(db.query(sql(text)))).toMatchObject({ sqlState, constraint: null });
      expect(await echo("int", 1)).toBe(1);
    });

    it("prepared again, runs when it can", async () => {
      const statement = sql("select 10 / $1::int as result");
      expect(await failure(db.query(statement, [0]))).toMatchObject({ sqlState: "22012" });
      expect(await db.query(statement, [5])).toEqual([{ result: 2 }]);
    });
  });

  it("answers many statements at once, each with its own rows", async () => {
    const statement = sql("select $1::int as n");
    const numbers = Array.from({ length: 300 }, (_, i) => i);
    const answers = await Promise.all(numbers.map((n) => db.query<{ n: number }>(statement, [n])));
    expect(answers.map((rows) => rows[0]?.n)).toEqual(numbers);
  });

  it("prepares anew what no longer fits a changed table", async () => {
    const statement = sql("select * from public.changing");
    await db.script("create table public.changing (a int); insert into public.changing values (1)");
    await Promise.all(Array.from({ length: 10 }, () => db.query(statement)));
    await db.script("alter table public.changing add b int");
    const answers = await Promise.all(Array.from({ length: 10 }, () => db.query(statement)));
    expect(answers).toEqual(Array.from({ length: 10 }, () => [{ a: 1, b: null }]));
    await db.script("alter table public.changing add c int");
    const inside = await db.transaction("read-changing", (tx) => tx.query(statement));
    expect(inside).toEqual([{ a: 1, b: null, c: null }]);
  });

  describe("a script", () => {
    it("runs several statements", async () => {
      await db.script("create table public.s1 (a int); insert into public.s1 values (1), (2);");
      expect(await db.query(sql("select sum(a)::int as sum from public.s1"))).toEqual([{ sum: 3 }]);
    });

    it("leaves nothing behind if one of them fails", async () => {
      const error = await failure(db.script("create table public.s2 (a int); select 1 / 0;"));
      expect(error.sqlState).toBe("22012");
      expect(await db.query(sql("select to_regclass('public.s2') as found"))).toEqual([
        { found: null },
      ]);
    });
  });

  describe("a transaction", () => {
    const insert = sql("insert into public.things (id) values ($1)");
    const count = sql("select count(*)::int as n from public.things where id = $1");
    const has = async (id: number) => (await db.query(count, [id]))[0]?.n === 1;

    it("commits what it did and returns what its work returned", async () => {
      const seen = await db.transaction("commits", async (tx) => {
        await tx.query(insert, [100]);
        return tx.query(count, [100]);
      });
      expect(seen).toEqual([{ n: 1 }]);
      expect(await has(100)).toBe(true);
    });

    it("leaves nothing if its work throws, and rejects with that error", async () => {
      const mine = new Error("changed my mind");
      const outcome = db.transaction("throws", async (tx) => {
        await tx.query(insert, [101]);
        throw mine;
      });
      await expect(outcome).rejects.toBe(mine);
      expect(await has(101)).toBe(false);
    });

    it("leaves nothing if a statement fails", async () => {
      const outcome = db.transaction("fails", async (tx) => {
        await tx.query(insert, [102]);
        await tx.query(insert, [102]);
      });
      expect(await failure(outcome)).toMatchObject({ sqlState: "23505" });
      expect(await has(102)).toBe(false);
    });

    it("does not pretend to commit after a failed statement that its work ignored", async () => {
      const outcome = db.transaction("ignores", async (tx) => {
        await tx.query(insert, [103]);
        await tx.query(sql("select 1 / 0")).catch(() => {});
      });
      expect(await failure(outcome)).toMatchObject({ sqlState: "25P02", statement: "ignores" });
      expect(await has(103)).toBe(false);
    });

    it("runs the statements that its work sends at once one by one", async () => {
      const answers = await db.transaction("at-once", (tx) =>
        Promise.all([1, 2, 3].map((n) => tx.query(sql(`select ${n} as n`)))),
      );
      expect(answers).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
    });

    it("takes no statement after its end", async () => {
      const tx = await db.transaction("leaks", async (inner) => inner);
      await expect(tx.query(insert, [104])).rejects.toThrow("the transaction is over");
      expect(await has(104)).toBe(false);
    });

    it("shows others nothing before it commits, and is not disturbed by them", async () => {
      const inserted = signal();
      const others = signal();
      const done = db.transaction("apart", async (tx) => {
        await tx.query(insert, [105]);
        inserted.send();
        await others.received;
        await tx.query(sql("select 1 / 0"));
      });
      await inserted.received;
      const reads = Promise.all(Array.from({ length: 20 }, () => has(105)));
      const write = db.query(insert, [106]);
      others.send();
      expect(await failure(done)).toMatchObject({ sqlState: "22012" });
      expect(new Set(await reads)).toEqual(new Set([false]));
      // It belonged to no transaction, so it did not vanish with that one.
      await write;
      expect(await has(106)).toBe(true);
    });

    it("runs scripts, too", async () => {
      const outcome = db.transaction("script", async (tx) => {
        await tx.script("create table public.s3 (a int); insert into public.s3 values (1)");
        throw new Error("no");
      });
      await expect(outcome).rejects.toThrow("no");
      expect(await db.query(sql("select to_regclass('public.s3') as found"))).toEqual([
        { found: null },
      ]);
    });

    it("that meets a serialization failure runs again, up to five times", async () => {
      const conflict = "do $$ begin raise exception 'conflict' using errcode = '40001'; end $$";
      let runs = 0;
      const result = await db.transaction("conflicts-twice", async (tx) => {
        runs += 1;
        if (runs <= 2) await tx.query(sql(conflict));
        return runs;
      });
      expect(result).toBe(3);
      let tries = 0;
      const outcome = db.transaction("conflicts", async (tx) => {
        tries += 1;
        await tx.query(sql(conflict));
      });
      expect(await failure(outcome)).toMatchObject({ sqlState: "40001", isTransient: true });
      expect(tries).toBe(6);
    });
  });

  it("migrates once, whoever asks", async () => {
    await db.script("drop schema vinyasa cascade");
    const results = await Promise.all([migrate(db), migrate(db), migrate(db)]);
    const versions = results.map(({ version }) => version);
    const all = (await readMigrations()).map(({ version }) => version);
    expect(all.length).toBeGreaterThan(0);
    expect(new Set(versions).size).toBe(1);
    expect(results.flatMap(({ applied }) => applied).sort((a, b) => a - b)).toEqual(all);
    expect(await migrate(db)).toEqual({ applied: [], version: versions[0] });
  });

  it("describes itself and keeps itself in order", async () => {
    const description = await db.describe();
    expect(description.name).toMatch(/^(embedded )?PostgreSQL \d+\.\d+ (at|in) /);
    expect(description.survivesRestart).toBe(true);
    await expect(db.maintain()).resolves.toBeUndefined();
  });
}
