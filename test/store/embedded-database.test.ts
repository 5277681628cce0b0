import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { OperatorError } from "../../src/domain/errors.ts";
import type { Database } from "../../src/store/database.ts";
import { openEmbedded } from "../../src/store/embedded-database.ts";
import type { EmbeddedThread } from "../../src/store/embedded-thread.ts";
import { createEmptyFolder, createTestFolder } from "../support/embedded.ts";
import { failure, sql } from "./statements.ts";

const threads: EmbeddedThread[] = [];

// The threads are seen here so that a test can end one as a crash would.
vi.mock(import("../../src/store/embedded-thread.ts"), async (original) => {
  const module = await original();
  const startThread: typeof module.startThread = async (options) => {
    const thread = await module.startThread(options);
    threads.push(thread);
    return thread;
  };
  return { ...module, startThread };
});

const log = pino({ level: "silent" });

describe("an embedded database", () => {
  let db: Database;
  let folder: string;

  beforeAll(async () => {
    folder = await createTestFolder();
    db = await openEmbedded({ folder, log, fsync: false });
    await db.script("create table public.things (id int primary key, filler text)");
  });

  afterAll(() => db.close());

  const checkpoint = async () =>
    (await db.query(sql("select checkpoint_lsn::text as at from pg_control_checkpoint()")))[0]?.at;

  it("says where it is and what it survives", async () => {
    const description = await db.describe();
    expect(description.name).toMatch(/^embedded PostgreSQL 18\.\d+ in /);
    expect(description.name).toContain(folder);
    expect(description).toMatchObject({ survivesRestart: true, survivesPowerCut: false });
  });

  it("tells a second process who has its folder", async () => {
    const said = await writerIn(folder).firstLine();
    expect(said).toContain(
      `OperatorError: The folder ${folder} is in use by process ${process.pid}`,
    );
  });

  it("makes a checkpoint when 64 MB of log have gathered, not before", async () => {
    await db.script("checkpoint");
    const before = await checkpoint();
    await db.maintain();
    expect(await checkpoint()).toBe(before);
    const megabyte = "pg_logical_emit_message(true, 'fill', repeat('x', 1000000))";
    await db.query(sql(`select count(${megabyte}) from generate_series(1, 68)`));
    await db.maintain();
    expect(await checkpoint()).not.toBe(before);
  });

  it("clears away dead rows", async () => {
    const stats = sql(`select n_dead_tup::int as dead, n_live_tup::int as live
      from pg_stat_user_tables where relname = 'things'`);
    await db.query(sql("insert into public.things select generate_series(1, 20000)"));
    await db.query(sql("delete from public.things where id <= 15000"));
    // A session reports what it did once a second.
    const dead = async () => (await db.query(stats))[0]?.dead;
    await expect.poll(dead, { timeout: 10_000 }).toBe(15_000);
    // One table each time, the worst first.
    await db.maintain();
    await db.maintain();
    expect(await db.query(stats)).toEqual([{ dead: 0, live: 5_000 }]);
  });

  it("rejects what is pending when its thread dies, and goes on in a new one", async () => {
    await db.query(sql("insert into public.things values (-1)"));
    const pending = [failure(db.query(sql("select pg_sleep(5)"))), failure(db.query(sql("selec")))];
    await threads.at(-1)?.terminate();
    const [first, second] = await Promise.all(pending);
    expect(first?.message).toMatch(/no answer from the embedded PostgreSQL in .*its thread ended/);
    expect(first?.isConnectionLost).toBe(true);
    // It had not begun: the new thread ran it.
    expect(second?.sqlState).toBe("42601");
    const rows = await db.query(sql("select id from public.things where id < 0"));
    expect(rows).toEqual([{ id: -1 }]);
  });

  it("takes no statement once it is closed, and gives its folder back", async () => {
    const last = db.query(sql("insert into public.things values (-2) returning id"));
    await Promise.all([db.close(), db.close()]);
    expect(await last).toEqual([{ id: -2 }]);
    expect((await failure(db.query(sql("select 1")))).message).toContain("it is closed");
    db = await openEmbedded({ folder, log });
    expect(await db.query(sql("select id from public.things where id = -2"))).toEqual([{ id: -2 }]);
    expect((await db.describe()).survivesPowerCut).toBe(true);
  });
});

describe("the folder of an embedded database", () => {
  it("that cannot be used is an operator's mistake", async () => {
    const file = join(createEmptyFolder(), "file");
    writeFileSync(file, "");
    const outcome = openEmbedded({ folder: join(file, "data"), log });
    await expect(outcome).rejects.toThrow(OperatorError);
    await expect(outcome).rejects.toThrow(
      /a part of its path is a file\. Set DATA_DIR to a folder/,
    );
    await expect(openEmbedded({ folder: file, log })).rejects.toThrow(
      `${file} is a file. Set DATA_`,
    );
  });

  it("that symbolic links lead in a circle is told so", async () => {
    const link = join(createEmptyFolder(), "link");
    symlinkSync(link, link);
    await expect(openEmbedded({ folder: join(link, "data"), log })).rejects.toThrow(
      `Cannot use the folder ${join(link, "data")}: its symbolic links lead back to themselves.`,
    );
  });

  // Even root may make nothing there.
  it.skipIf(process.platform !== "linux").each([
    ["/proc/vinyasa/deep", "the file system lets nobody make /proc/vinyasa."],
    ["/sys/vinyasa", "this user may not make or write to /sys/vinyasa."],
  ])("that cannot be made, as %s, ends the start at once, with a sentence", async (dir, why) => {
    const remedy =
      "Set DATA_DIR to a folder that this user can write to, or DATABASE_URL to a Post";
    await expect(openEmbedded({ folder: dir, log })).rejects.toThrow(
      `Cannot use the folder ${dir}: ${why} ${remedy}`,
    );
  });

  it("is made with all that it is in", async () => {
    const folder = join(createEmptyFolder(), "a", "b");
    const db = await openEmbedded({ folder, log, fsync: false });
    await db.close();
    expect(existsSync(join(folder, "pgdata"))).toBe(true);
  });

  it("keeps every acknowledged row when its process is killed in mid-write", async () => {
    const folder = await createTestFolder();
    let acknowledged = 0;
    for (const rows of [40, 150, 90]) {
      const before = acknowledged;
      acknowledged = await writerIn(folder).killAfter(rows);
      expect(acknowledged).toBeGreaterThanOrEqual(before + rows);
    }
    const db = await openEmbedded({ folder, log, fsync: false });
    const [kept] = await db.query<{ n: number; max: number }>(
      sql("select count(*)::int as n, max(id) as max from public.kept"),
    );
    await db.close();
    expect(kept?.n).toBeGreaterThanOrEqual(acknowledged);
    expect(kept?.n).toBe(kept?.max);
  }, 120_000);
});

/** A process that writes rows into the database in `folder`. */
function writerIn(folder: string): {
  firstLine(): Promise<string>;
  killAfter(rows: number): Promise<number>;
} {
  const script = join(import.meta.dirname, "../support/run-source.mjs");
  const source = join(import.meta.dirname, "write-rows.ts");
  const child = spawn(process.execPath, [script, source, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Only then everything that it said has been read.
  const end = once(child, "close");
  const lines = createInterface({ input: child.stdout });
  return {
    async firstLine() {
      const [line] = await once(lines, "line");
      await end;
      return String(line);
    },
    /** The last row of which the process said that it is stored. */
    async killAfter(rows) {
      let last = 0;
      let count = 0;
      lines.on("line", (line) => {
        if (Number.isNaN(Number(line))) throw new Error(line);
        last = Number(line);
        count += 1;
        if (count === rows) child.kill("SIGKILL");
      });
      await end;
      return last;
    },
  };
}
