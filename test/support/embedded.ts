/** Folders with a migrated embedded database: copies of one that is made once for each schema. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, inject } from "vitest";
import { openEmbedded } from "../../src/store/embedded-database.ts";
import { migrate } from "../../src/store/migrate.ts";

const PREFIX = "vinyasa-test-embedded-";
const KEPT_MS = 86_400_000;
const folders: string[] = [];

// Each test file loads this module anew, so this is the end of that file.
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder for `openEmbedded`, migrated and empty of jobs; removed after the file's last test. */
export async function createTestFolder(): Promise<string> {
  const template = await templateFolder();
  const folder = createEmptyFolder();
  cpSync(template, folder, { recursive: true });
  return folder;
}

/** Removed after the file's last test. */
export function createEmptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "vinyasa-test-folder-"));
  folders.push(folder);
  return folder;
}

/** Made by whoever needs it first, and kept for later runs: making it takes some seconds. */
async function templateFolder(): Promise<string> {
  const template = join(tmpdir(), `${PREFIX}${inject("schemaChecksum")}`);
  if (existsSync(template)) return template;
  removeOld();
  const unfinished = createEmptyFolder();
  const log = pino({ level: "silent" });
  const db = await openEmbedded({ folder: unfinished, log, fsync: false });
  await migrate(db);
  await db.close();
  try {
    renameSync(unfinished, template);
  } catch (error) {
    // Another test file was faster.
    if (!existsSync(template)) throw error;
  }
  return template;
}

function removeOld(): void {
  for (const name of readdirSync(tmpdir())) {
    const path = join(tmpdir(), name);
    const age = name.startsWith(PREFIX) ? Date.now() - statSync(path).mtimeMs : 0;
    if (age > KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}
