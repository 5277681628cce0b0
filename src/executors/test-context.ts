/** For tests of an executor: what a worker would hand to its run. */
import type { ExecutorContext } from "./define-executor.ts";

/**
 * A first attempt with one thread and a signal that does not abort. What it logs is dropped, and its
 * pauses are over at once. `parts` replace what a test is about.
 * `await countWords.run({ text: "to be" }, createTestContext())` checks payload and result as a worker does.
 */
export function createTestContext(parts: Partial<ExecutorContext> = {}): ExecutorContext {
  const signal = parts.signal ?? new AbortController().signal;
  return {
    jobId: "01900000-0000-7000-8000-000000000000",
    attempt: 1,
    threads: 1,
    signal,
    progress: () => {},
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    sleep: async () => signal.throwIfAborted(),
    ...parts,
  };
}
