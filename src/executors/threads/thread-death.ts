/** The end of a thread that nobody wished, as the outcome of the attempt that ran in it. */
import { attemptError } from "../../domain/attempt-error.ts";
import type { Outcome } from "../../domain/outcome.ts";

const EXITED = /^worker exited with code: (-?\d+)$/i;

/** @param error what piscina rejects with; its own words are about workers, which are something else here */
export function deathOf(error: unknown, heapMbMax: number): Outcome {
  return { kind: "FAILED", error: attemptError(inOurWords(error, heapMbMax)) };
}

function inOurWords(error: unknown, heapMbMax: number): unknown {
  const { code, message = "" } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code === "ERR_WORKER_OUT_OF_MEMORY") {
    return died(`its thread ran out of memory: a thread gets ${heapMbMax} MB`, "OUT_OF_MEMORY");
  }
  const [, exitCode] = EXITED.exec(String(message)) ?? [];
  if (exitCode !== undefined) {
    return died(`its thread ended in the middle, with exit code ${exitCode}`, "THREAD_ENDED");
  }
  return error;
}

function died(message: string, code: string): Error {
  const error = Object.assign(new Error(message), { code });
  // It would show these lines, which have nothing to do with it.
  error.stack = "";
  return error;
}
