import fs, { rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createTestFolder } from "../support/embedded.ts";

it("a commit of the embedded database has reached the disk when it is answered", async () => {
  const { fsyncSync } = fs;
  let flushed = 0;
  fs.fsyncSync = (descriptor) => {
    flushed += 1;
    fsyncSync(descriptor);
  };
  syncBuiltinESMExports();
  const folder = await createTestFolder();
  const { openDurable } = await import("../../src/store/durable-pglite.mjs");
  const db = await openDurable(join(folder, "pgdata"));
  try {
    const flushes = async (statement: string) => {
      const before = flushed;
      await db.exec(statement);
      return flushed - before;
    };
    await db.exec("create table public.things (id int)");
    expect(await flushes("select 1")).toBe(0);
    expect(await flushes("insert into public.things values (1)")).toBe(1);
    expect(await flushes("insert into public.things select generate_series(1, 100)")).toBe(1);
    // The table's files and their folders.
    expect(await flushes("checkpoint")).toBeGreaterThan(3);
  } finally {
    await db.close();
    fs.fsyncSync = fsyncSync;
    syncBuiltinESMExports();
    rmSync(folder, { recursive: true });
  }
});
