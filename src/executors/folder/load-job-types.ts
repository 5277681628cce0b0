/** Job types of one's own, from a folder: each module there exports what `defineExecutor` returned. */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { OperatorError } from "../../domain/errors.ts";
import type { Executor } from "../define-executor.ts";
import { isExecutor, markExecutor } from "../own-kinds.ts";
import { findModules } from "./find-modules.ts";
import { type Imported, importModule } from "./import-module.ts";

export interface LoadedJobType {
  readonly executor: Executor;
  /** Name of its file in the folder. */
  readonly file: string;
}

/**
 * Imports every module right in the folder, one after the other, in the order of their names.
 *
 * @throws OperatorError that says what is wrong with each of them, and what to do
 */
export async function loadJobTypes(folder: string): Promise<LoadedJobType[]> {
  const found: LoadedJobType[] = [];
  const problems: string[] = [];
  for (const file of await findModules(folder)) {
    const imported = await importModule(resolve(join(folder, file)));
    const executors = imported.ok ? executorsIn(imported.exported) : [];
    const problem = problemOf(imported, executors);
    if (problem !== null) problems.push(`${file} ${problem}`);
    found.push(...executors.map((executor) => ({ executor, file })));
  }
  const distinct = withoutRepeats(found);
  problems.push(...definedTwice(distinct));
  if (problems.length > 0) throw problemsIn(folder, problems);
  return distinct.map((each) => inItsModule(folder, each));
}

/** A thread finds a CPU-bound one in its file, unless it says itself where. */
function inItsModule(folder: string, { executor, file }: LoadedJobType): LoadedJobType {
  const { href } = pathToFileURL(resolve(join(folder, file)));
  // One of an older copy of the package knows nothing of modules.
  const module = executor.cpuBound ? (executor.module ?? href) : null;
  return { executor: Object.freeze(markExecutor({ ...executor, module })), file };
}

/** @throws OperatorError if the server has another type of the name of one of `loaded` */
export function assertNew(
  folder: string,
  loaded: readonly LoadedJobType[],
  known: readonly Executor[],
): void {
  const names = new Set(known.map(({ type }) => type));
  const problems = loaded
    .filter(({ executor }) => names.has(executor.type))
    .map(
      ({ executor, file }) =>
        `${file} defines the job type "${executor.type}", which the server has already. Give it another name.`,
    );
  if (problems.length > 0) throw problemsIn(folder, problems);
}

/** The one that is exported under two names, default among them, is one. */
function executorsIn(exported: readonly unknown[]): Executor[] {
  const values = exported.filter((value): value is Executor => isExecutor(value));
  return [...new Set(values)];
}

function problemOf(imported: Imported, executors: readonly Executor[]): string | null {
  if (!imported.ok) return imported.problem;
  if (executors.length > 0) return null;
  const isRaw = imported.exported.some(looksDefined);
  return isRaw
    ? "exports a definition that did not pass through defineExecutor: export default defineExecutor({ ... })."
    : "exports no executor. Export what defineExecutor returns; helpers go into a subfolder, which is not read.";
}

function looksDefined(value: unknown): boolean {
  const { type, run } = (value ?? {}) as { readonly type?: unknown; readonly run?: unknown };
  return typeof type === "string" && typeof run === "function";
}

/** A module may pass on what another one has defined. */
function withoutRepeats(loaded: readonly LoadedJobType[]): LoadedJobType[] {
  const first = new Map(loaded.toReversed().map((each) => [each.executor, each]));
  return loaded.filter((each) => first.get(each.executor) === each);
}

function definedTwice(loaded: readonly LoadedJobType[]): string[] {
  const first = new Map(loaded.toReversed().map((each) => [each.executor.type, each]));
  return loaded.flatMap((each) => {
    const { type } = each.executor;
    const other = first.get(type);
    if (other === undefined || other === each) return [];
    const where = other.file === each.file ? "a second time" : `which ${other.file} defines, too`;
    return [`${each.file} defines the job type "${type}", ${where}. Give one another name.`];
  });
}

function problemsIn(folder: string, problems: readonly string[]): OperatorError {
  const [first = ""] = problems;
  if (problems.length === 1) return new OperatorError(`JOB_TYPES_DIR is ${folder}: ${first}`);
  const lines = problems.map((problem) => `\n  - ${problem}`).join("");
  return new OperatorError(`JOB_TYPES_DIR is ${folder}:${lines}`);
}
