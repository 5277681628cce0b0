/** For tests of an executor: what a worker would hand to its run. */
import { AttemptArtifacts } from "./attempt-artifacts.ts";
import type { ExecutorContext, ParallelOptions, PartFunction } from "./define-executor.ts";

const JOB_ID = "01900000-0000-7000-8000-000000000000";

/**
 * A first attempt with one thread and a signal that does not abort. What it logs is dropped, its pauses are
 * over at once, its files are checked and go nowhere, and `parallel` does the chunks in turn. `parts`
 * replace what a test is about.
 * `await countWords.run({ text: "to be" }, createTestContext())` checks payload and result as a worker does.
 */
export function createTestContext(parts: Partial<ExecutorContext> = {}): ExecutorContext {
  const { jobId = JOB_ID, signal = new AbortController().signal } = parts;
  const artifacts = new AttemptArtifacts(jobId);
  return {
    ...{ jobId, attempt: 1, threads: 1, signal },
    progress: () => {},
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    sleep: async () => signal.throwIfAborted(),
    artifact: (bytes, options) => artifacts.add(bytes, options),
    parallel: (part, chunks, options) => inTurn(part, chunks, signal, options),
    ...parts,
  };
}

async function inTurn<Chunk, Part>(
  part: PartFunction<Chunk, Part>,
  chunks: readonly Chunk[],
  signal: AbortSignal,
  { onDone }: ParallelOptions<Chunk, Part> = {},
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const [index, chunk] of chunks.entries()) {
    const done = await part(chunk, { signal });
    parts.push(done);
    onDone?.(done, index);
  }
  return parts;
}
