/** The numbered SQL files under migrations/. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "./package-root.ts";

export interface Migration {
  readonly version: number;
  /** The file's name without `.sql`. */
  readonly name: string;
  readonly sql: string;
  /** sha256 of the text, in hex. */
  readonly checksum: string;
  /** Code below this version would misread or damage what the migration leaves. */
  readonly minCodeVersion: number;
}

const FILE = /^(\d{4})_[a-z0-9_]+\.sql$/;
const FIRST_LINE = /^-- minimum code version: (\d+)$/;

/** All migrations in their order. @throws Error if a file breaks the rules above */
export async function readMigrations(): Promise<Migration[]> {
  const folder = join(packageRoot(), "migrations");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  const migrations = await Promise.all(
    files.map(async (file) => parse(file, await readFile(join(folder, file), "utf8"))),
  );
  migrations.forEach((migration, index) => {
    if (migration.version === migrations[index - 1]?.version) {
      throw new Error(`migrations/: two files are numbered ${migration.version}`);
    }
  });
  return migrations;
}

function parse(file: string, text: string): Migration {
  // A checkout on Windows may have changed the line ends: the same migration all the same.
  const sql = text.replaceAll("\r\n", "\n");
  const number = FILE.exec(file)?.[1];
  const minimum = FIRST_LINE.exec(sql.slice(0, sql.indexOf("\n")))?.[1];
  if (number === undefined) throw new Error(`migrations/${file}: not named like 0001_name.sql`);
  if (minimum === undefined) {
    throw new Error(`migrations/${file}: the first line is not "-- minimum code version: N"`);
  }
  return {
    version: Number(number),
    name: file.slice(0, -".sql".length),
    sql,
    checksum: createHash("sha256").update(sql).digest("hex"),
    minCodeVersion: Number(minimum),
  };
}
