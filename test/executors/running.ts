/** What a worker hands to an executor, for tests that run one without a worker. */
import { pino } from "pino";
import type { Outcome } from "../../src/domain/outcome.ts";
import { AttemptArtifacts } from "../../src/executors/attempt-artifacts.ts";
import type {
  Executor,
  ExecutorContext,
  ParallelOptions,
  PartFunction,
} from "../../src/executors/define-executor.ts";
import { outcomeOf } from "../../src/executors/run-executor.ts";

export const silentLog = pino({ level: "silent" });

export const JOB_ID = "0193a5b0-1234-7000-8000-00000000abcd";

export function contextWith(parts: Partial<ExecutorContext> = {}): ExecutorContext {
  const { signal = new AbortController().signal } = parts;
  const artifacts = new AttemptArtifacts(JOB_ID);
  return {
    ...{ jobId: JOB_ID, attempt: 1, threads: 1, signal, progress: () => {} },
    artifact: (bytes, options) => artifacts.add(bytes, options),
    parallel: (part, chunks, options) => inTurn(part, chunks, options, signal),
    ...parts,
  };
}

/** One thread has all of them. */
async function inTurn<Chunk, Part>(
  part: PartFunction<Chunk, Part>,
  chunks: readonly Chunk[],
  { onDone }: ParallelOptions<Chunk, Part> = {},
  signal: AbortSignal,
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const [index, chunk] of chunks.entries()) {
    const done = await part(chunk, { signal });
    parts.push(done);
    onDone?.(done, index);
  }
  return parts;
}

export function run(
  executor: Executor,
  payload: unknown,
  parts: Partial<ExecutorContext> = {},
): Promise<Outcome> {
  return outcomeOf(executor, payload, contextWith(parts));
}

/** The result of a run that must complete. */
export async function resultOf(
  executor: Executor,
  payload: unknown,
  parts: Partial<ExecutorContext> = {},
): Promise<unknown> {
  const outcome = await run(executor, payload, parts);
  if (outcome.kind !== "COMPLETED") throw new Error(`not completed: ${JSON.stringify(outcome)}`);
  return JSON.parse(outcome.result);
}

type Failed = Extract<Outcome, { kind: "FAILED" }>;

/** The error of a run that must fail, with the delay that it asks for. */
export async function failureOf(
  executor: Executor,
  payload: unknown,
  parts: Partial<ExecutorContext> = {},
): Promise<Failed["error"] & { retryAfterMs?: number }> {
  const outcome = await run(executor, payload, parts);
  if (outcome.kind !== "FAILED") throw new Error(`not failed: ${JSON.stringify(outcome)}`);
  const { error, retryAfterMs } = outcome;
  return { ...error, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** Something that a test waits for, and a server's callback reports. */
export function signal(): { readonly given: Promise<void>; give(): void } {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
