/**
 * How executors and errors are recognised that another copy of this package made: a folder of job types
 * may have one installed of its own, and `instanceof` would not know its classes.
 */

const EXECUTOR = Symbol.for("vinyasa.executor");
const ERROR = Symbol.for("vinyasa.error");

/** What an executor of this contract bears. A later one that an old server cannot run gets another. */
const CONTRACT = 1;

export type ErrorKind = "POSTPONE" | "RETRY_AFTER";

/** Unseen by whoever lists or compares its fields. */
export function markExecutor<T extends object>(executor: T): T {
  return Object.defineProperty(executor, EXECUTOR, { value: CONTRACT });
}

export function isExecutor(value: unknown): boolean {
  return markOf(value, EXECUTOR) === CONTRACT;
}

export function markError(error: Error, kind: ErrorKind): void {
  Object.defineProperty(error, ERROR, { value: kind });
}

export function isErrorOf(value: unknown, kind: ErrorKind): boolean {
  return markOf(value, ERROR) === kind;
}

/** Undefined where reading it throws: anything may be thrown or exported, a hostile proxy too. */
function markOf(value: unknown, mark: symbol): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  try {
    return (value as Record<symbol, unknown>)[mark];
  } catch {
    return undefined;
  }
}
