/** Which files of a folder are modules that may define job types. */
import { readdir } from "node:fs/promises";
import { OperatorError, reasonOf } from "../../domain/errors.ts";

const MODULE = /\.m?[jt]s$/;
/** Declarations, tests that stand beside, and what an editor left. */
const NOT_MEANT = /\.d\.m?ts$|\.(test|spec)\.m?[jt]s$|^\./;

/**
 * Their names in order. Subfolders are not looked into: helpers of the modules go there.
 *
 * @throws OperatorError if there is no such folder, it cannot be read, or there is no module in it
 */
export async function findModules(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new OperatorError(`JOB_TYPES_DIR is ${folder}, ${whyNot(error)}`, { cause: error });
  });
  const names = entries
    .filter((entry) => !entry.isDirectory() && MODULE.test(entry.name))
    .map(({ name }) => name)
    .filter((name) => !NOT_MEANT.test(name))
    .sort();
  if (names.length > 0) return names;
  throw new OperatorError(
    `JOB_TYPES_DIR is ${folder}, which holds no module (.ts, .mts, .js or .mjs). Put one there that ` +
      "exports what defineExecutor returns, or unset the variable.",
  );
}

function whyNot(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
      return "and there is no such folder. Make it, or name the one with your job types.";
    case "ENOTDIR":
      return "which is a file. Name the folder that it is in.";
    case "EACCES":
      return "which this user may not read. Let it, or name another folder.";
    default:
      return `which cannot be read: ${reasonOf(error)}.`;
  }
}
