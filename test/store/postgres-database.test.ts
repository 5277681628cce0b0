import { once } from "node:events";
import { connect, createServer } from "node:net";
import pino from "pino";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { OperatorError } from "../../src/domain/errors.ts";
import type { Database } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { failure, signal, sql } from "./statements.ts";

const log = pino({ level: "silent" });

describeWithPostgres("PostgreSQL, where transactions run side by side", () => {
  let db: Database;
  beforeAll(async () => {
    const { url } = await createTestDatabase();
    db = await openPostgres({ url, poolMax: 5, role: "engine", log });
    await db.script("create table public.pairs (id int primary key, n int)");
  });
  afterAll(() => db.close());
  const bump = sql("update public.pairs set n = n + 1 where id = $1");

  /** Resolves for each of two callers when both have called. */
  function meeting(): () => Promise<void> {
    const both = signal();
    let here = 0;
    return () => {
      here += 1;
      if (here >= 2) both.send();
      return both.received;
    };
  }

  it("two that deadlock both succeed in the end", async () => {
    await db.script("truncate public.pairs; insert into public.pairs values (1, 0), (2, 0)");
    const meet = meeting();
    let runs = 0;
    const lock = (first: number, second: number) =>
      db.transaction("deadlock", async (tx) => {
        runs += 1;
        await tx.query(bump, [first]);
        await meet();
        await tx.query(bump, [second]);
      });
    await Promise.all([lock(1, 2), lock(2, 1)]);
    expect(runs).toBe(3);
    expect(await db.query(sql("select n from public.pairs order by id"))).toEqual([
      { n: 2 },
      { n: 2 },
    ]);
  });

  it("two that cannot be put in an order both succeed in the end", async () => {
    await db.script("truncate public.pairs; insert into public.pairs values (1, 0), (2, 0)");
    const meet = meeting();
    let runs = 0;
    const sumInto = (id: number) =>
      db.transaction("write-skew", async (tx) => {
        runs += 1;
        await tx.query(sql("set transaction isolation level serializable"));
        await tx.query(sql("select sum(n) from public.pairs"));
        await meet();
        await tx.query(bump, [id]);
      });
    await Promise.all([sumInto(1), sumInto(2)]);
    expect(runs).toBeGreaterThan(2);
  });
});

describeWithPostgres("PostgreSQL's connections", () => {
  let db: Database;
  let url: string;
  beforeAll(async () => {
    ({ url } = await createTestDatabase());
    db = await openPostgres({ url, poolMax: 2, role: "heartbeat", log });
  });
  afterAll(() => db.close());

  it("carry a name and limits, and read what is committed", async () => {
    const settings = [
      "application_name",
      "statement_timeout",
      "lock_timeout",
      "idle_in_transaction_session_timeout",
      "transaction_isolation",
      "TimeZone",
    ];
    const rows = await db.query<{ value: string }>(
      sql("select current_setting(name) as value from unnest($1::text[]) as name"),
      [settings],
    );
    expect(rows.map(({ value }) => value)).toEqual([
      "vinyasa-heartbeat",
      "3s",
      "2s",
      "3s",
      "read committed",
      "UTC",
    ]);
  });

  it("that die in a statement reject it clearly, and the next statement gets another one", async () => {
    const killed = await failure(db.query(sql("select pg_terminate_backend(pg_backend_pid())")));
    expect(killed.isConnectionLost).toBe(true);
    expect(await db.query(sql("select 1 as n"))).toEqual([{ n: 1 }]);
  });

  it("that die while they idle do not end the process", async () => {
    const pids = sql("select pg_backend_pid() as pid");
    await Promise.all([db.query(pids), db.query(pids)]);
    const other = await openPostgres({ url, poolMax: 1, role: "api", log });
    const kill = `select count(pg_terminate_backend(pid))::int as n from pg_stat_activity
      where application_name = 'vinyasa-heartbeat' and datname = current_database()`;
    const [killed] = await other.query<{ n: number }>(sql(kill));
    expect(killed?.n).toBeGreaterThan(0);
    await other.close();
    await expect
      .poll(() => db.query(sql("select 1 as n")).catch(() => "not yet"), { timeout: 5_000 })
      .toEqual([{ n: 1 }]);
  });

  it("that die between two statements of a transaction fail it", async () => {
    const outcome = db.transaction("killed", async (tx) => {
      const [row] = await tx.query<{ pid: number }>(sql("select pg_backend_pid() as pid"));
      await db.query(sql("select pg_terminate_backend($1)"), [row?.pid]);
      await expect
        .poll(() => db.query(sql("select from pg_stat_activity where pid = $1"), [row?.pid]))
        .toEqual([]);
      await tx.query(sql("select 1"));
    });
    expect((await failure(outcome)).isConnectionLost).toBe(true);
  });

  it("end a statement that takes too long, and a transaction that stands still", async () => {
    const slow = await failure(db.query(sql("select pg_sleep(60)")));
    expect(slow).toMatchObject({ sqlState: "57014", isConnectionLost: false });
    const idle = db.transaction("idle", async (tx) => {
      await tx.query(sql("set local idle_in_transaction_session_timeout = '50ms'"));
      const gone =
        "select from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()";
      await expect.poll(() => db.query(sql(gone)), { timeout: 5_000 }).toEqual([]);
      await tx.query(sql("select 1"));
    });
    expect((await failure(idle)).isConnectionLost).toBe(true);
  });

  it("fail in time when all are taken", async () => {
    const release = signal();
    const hold = () => db.transaction("hold", () => release.received);
    const held = [hold(), hold()];
    const refused = await failure(db.query(sql("select 1")));
    expect(refused.message).toMatch(/no answer from PostgreSQL at .*: timeout exceeded/);
    release.send();
    await Promise.all(held);
  });
});

describeWithPostgres("Opening PostgreSQL", () => {
  const open = (url: string) => openPostgres({ url, poolMax: 2, role: "api", log });
  const server = () => new URL(inject("postgresUrl") ?? "");

  it("names the server, and whether it would survive a power cut", async () => {
    const { url } = await createTestDatabase();
    const db = await open(url.replace("//postgres@", "//postgres:secret@"));
    const { host, pathname } = new URL(url);
    const description = await db.describe();
    expect(description.name).toMatch(/^PostgreSQL \d+\.\d+ at /);
    expect(description.name).toContain(` at ${host}${pathname}`);
    expect(description.name).not.toContain("secret");
    expect(description.poolSize).toBe(2);
    const [durable] = await db.query<{ on: boolean }>(
      sql(`select bool_and(setting <> 'off') as on from pg_settings
        where name in ('fsync', 'full_page_writes', 'synchronous_commit')`),
    );
    expect(description.survivesPowerCut).toBe(durable?.on);
    await db.close();
  });

  it("a database that is not there is an operator's mistake, with the remedy", async () => {
    const url = server();
    url.pathname = "/no_such_database";
    const outcome = open(url.href);
    await expect(outcome).rejects.toThrow(OperatorError);
    await expect(outcome).rejects.toThrow(/"no_such_database" does not exist.*createdb/);
  });

  it("a server that is not there is an operator's mistake", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const address = closed.address();
    const port = typeof address === "object" ? address?.port : 0;
    closed.close();
    const outcome = open(`postgres://somebody:secret@127.0.0.1:${port}/jobs`);
    await expect(outcome).rejects.toThrow(OperatorError);
    await expect(outcome).rejects.toThrow(/127\.0\.0\.1:\d+: connect ECONNREFUSED.*DATABASE_URL/);
    await expect(outcome).rejects.not.toThrow("secret");
  });

  it("a server that says nothing is given up in seconds", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : 0;
    const outcome = open(`postgres://somebody@127.0.0.1:${port}/jobs`);
    await expect(outcome).rejects.toThrow("no answer within 2000 ms");
    silent.close();
  });

  it("a server that falls silent after the login is given up in seconds, with the remedy", async () => {
    const { hostname, port } = server();
    // Passes on everything up to the first statement.
    const deaf = createServer((inbound) => {
      const outbound = connect(Number(port), hostname);
      inbound.on("data", (data) => {
        if (!data.includes("server_version_num")) outbound.write(data);
      });
      outbound.on("data", (data) => inbound.write(data));
      for (const socket of [inbound, outbound]) socket.on("error", () => {});
      inbound.on("close", () => outbound.destroy());
    }).listen(0, "127.0.0.1");
    await once(deaf, "listening");
    const address = deaf.address();
    const url = server();
    url.port = String(typeof address === "object" ? address?.port : 0);
    const outcome = openPostgres({ url: url.href, poolMax: 2, role: "engine", log });
    await expect(outcome).rejects.toThrow(OperatorError);
    await expect(outcome).rejects.toThrow(
      /accepts connections but does not answer.*Look at its log/,
    );
    deaf.close();
  });
});
