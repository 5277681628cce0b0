/** A folder to write to, made if it is missing; what keeps us from it is told in words. */
import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { OperatorError, reasonOf } from "../domain/errors.ts";

/** @throws OperatorError if it cannot be made, or this user may not write to it */
export async function useFolder(folder: string): Promise<void> {
  await orExplain(folder, () => makeFolder(folder));
  await assertWritable(folder);
}

/** @throws OperatorError */
export function assertWritable(folder: string): Promise<void> {
  return orExplain(folder, () => access(folder, constants.R_OK | constants.W_OK | constants.X_OK));
}

/**
 * With the folders that it is in. Node's own way never ends where a file system says "not there" to
 * every new folder, as /proc does: it goes up to one that exists, and begins again.
 */
async function makeFolder(folder: string): Promise<void> {
  const make = () => mkdir(folder, { mode: 0o700 });
  try {
    await make();
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST" && (await stat(folder)).isDirectory()) return;
    if (code !== "ENOENT" || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await make().catch((again: unknown) => {
      // Another process may have been as fast.
      if (codeOf(again) !== "EEXIST") throw again;
    });
  }
}

async function orExplain(folder: string, use: () => Promise<void>): Promise<void> {
  try {
    await use();
  } catch (error) {
    throw new OperatorError(
      `Cannot use the folder ${folder}: ${inWords(error)}. Set DATA_DIR to a folder that this user can ` +
        "write to, or DATABASE_URL to a PostgreSQL server.",
      { cause: error },
    );
  }
}

function inWords(error: unknown): string {
  const { path = "it" } = error as NodeJS.ErrnoException;
  switch (codeOf(error)) {
    case "EEXIST":
      return `${path} is a file`;
    case "ENOTDIR":
      return "a part of its path is a file";
    case "ENOENT":
      return `the file system lets nobody make ${path}`;
    case "ELOOP":
      return "its symbolic links lead back to themselves";
    case "ENAMETOOLONG":
      return "its path is too long";
    case "EROFS":
      return "its file system is read-only";
    case "EACCES":
    case "EPERM":
      return `this user may not make or write to ${path}`;
    default:
      return reasonOf(error);
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
