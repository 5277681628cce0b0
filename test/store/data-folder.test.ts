import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createDataFolder, hasDataFolder } from "../../src/store/data-folder.ts";
import { createEmptyFolder } from "../support/embedded.ts";

describe("a data folder", () => {
  const longName = `${"d".repeat(60)}/${"f".repeat(60)}`;

  /** An archive of a small data folder, made by the usual tool. */
  function makeArchive(): Uint8Array {
    const source = createEmptyFolder();
    mkdirSync(join(source, "pg_wal/archive_status"), { recursive: true });
    mkdirSync(join(source, "d".repeat(60)));
    writeFileSync(join(source, "PG_VERSION"), "18\n");
    writeFileSync(join(source, "pg_wal/000000010000000000000001"), Buffer.alloc(70_000, 7));
    writeFileSync(join(source, "empty"), "");
    writeFileSync(join(source, longName), "deep");
    const tar = spawnSync("tar", ["--format=ustar", "-czf", "-", "-C", source, "."]);
    return tar.stdout;
  }

  it("is unpacked as it was packed, for its owner alone", async () => {
    const folder = join(createEmptyFolder(), "pgdata");
    expect(await hasDataFolder(folder)).toBe(false);
    await createDataFolder(folder, makeArchive());
    expect(await hasDataFolder(folder)).toBe(true);
    expect(readFileSync(join(folder, "PG_VERSION"), "utf8")).toBe("18\n");
    expect(readFileSync(join(folder, "pg_wal/000000010000000000000001"))).toEqual(
      Buffer.alloc(70_000, 7),
    );
    expect(readFileSync(join(folder, longName), "utf8")).toBe("deep");
    expect(statSync(join(folder, "empty")).size).toBe(0);
    expect(statSync(join(folder, "pg_wal/archive_status")).isDirectory()).toBe(true);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it("that was only half made is made anew", async () => {
    const parent = createEmptyFolder();
    const folder = join(parent, "pgdata");
    mkdirSync(join(parent, "pgdata.new"));
    writeFileSync(join(parent, "pgdata.new/leftover"), "");
    await createDataFolder(folder, makeArchive());
    expect(readdirSync(parent)).toEqual(["pgdata"]);
    expect(readdirSync(folder)).not.toContain("leftover");
  });

  it("does not appear if its archive is broken", async () => {
    const folder = join(createEmptyFolder(), "pgdata");
    await expect(createDataFolder(folder, new Uint8Array([1, 2, 3]))).rejects.toThrow();
    expect(await hasDataFolder(folder)).toBe(false);
  });
});
