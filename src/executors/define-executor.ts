/** How a job type is declared. One file a type, one line in `built-in.ts`. */
import type { z } from "zod";
import { type Backoff, DEFAULT_BACKOFF } from "../domain/backoff.ts";
import type { ArtifactOptions, StoredArtifact } from "./attempt-artifacts.ts";
import { checkDefinition } from "./check-definition.ts";
import { NonRetryableError } from "./errors.ts";
import { markExecutor } from "./own-kinds.ts";
import { describeIssues, parseSchema } from "./parse-schema.ts";

export const DEFAULT_MAX_ATTEMPTS = 3;
export const DEFAULT_TIMEOUT_MS = 60_000;
export const DEFAULT_PAYLOAD_BYTES_MAX = 1024 * 1024;

/**
 * The log of a run, for whoever reads its job: `Job.logs` and `jobLogAppended` in the API. None of these
 * throws or waits. Bounds: 8 KiB a message, 4 KiB of JSON for its fields, and of one run 900 lines as they
 * come and the last 100 at its end. Fields may be anything; what JSON does not have becomes what comes
 * nearest, an error its name and message.
 */
export interface JobLog {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** What a running executor is given besides its payload. */
export interface ExecutorContext {
  readonly jobId: string;
  /** Number of this run, from 1. */
  readonly attempt: number;
  /** Worker threads granted, from 1. */
  readonly threads: number;
  /** Aborts at the timeout, when the job is cancelled or lost, and when the grace time of a stop ends. */
  readonly signal: AbortSignal;
  /**
   * Shows how far the work is: from 0 to 1, values outside are moved to the nearer end. Call it as
   * often as you like; watchers see at most two values a second, and the end of the run drops what has
   * not been shown. After the end it does nothing.
   *
   * @throws TypeError for anything but a finite number
   */
  progress(fraction: number): void;
  /**
   * Lines that are kept with the job, and seen live by who watches them. They are written a few times a
   * second, the rest before the run's end is. After the end it does nothing.
   */
  readonly log: JobLog;
  /**
   * Waits. Rejects with the signal's reason once that aborts, and with an error when the run has ended:
   * a pause that nobody awaits any more does not go on.
   *
   * @throws TypeError (rejects) for what is no number
   */
  sleep(ms: number): Promise<void>;
  /**
   * Keeps a file with the result, and tells where it will be served. It is stored if and when this
   * attempt completes the job: up to 16 of them, 10 MiB together.
   *
   * @throws TypeError for what are no bytes or no content type
   * @throws NonRetryableError past the bounds
   */
  artifact(bytes: Uint8Array, options: ArtifactOptions): StoredArtifact;
  /**
   * Runs `part` once for each chunk, on all of the threads granted, this one included, and resolves to
   * what it returned, in the order of the chunks. `part` is a function that the executor's module
   * exports; chunks and results are copied from thread to thread. Only for a type that has `cpuBound`
   * and a `module`.
   *
   * @throws what `part` throws, and then hands out no more chunks; TypeError if it is not exported
   */
  parallel<Chunk, Part>(
    part: PartFunction<Chunk, Part>,
    chunks: readonly Chunk[],
    options?: ParallelOptions<Chunk, Part>,
  ): Promise<Part[]>;
}

export interface PartContext {
  /** As that of the whole. */
  readonly signal: AbortSignal;
}

export type PartFunction<Chunk, Part> = (
  chunk: Chunk,
  context: PartContext,
) => Part | Promise<Part>;

export interface ParallelOptions<Chunk, Part> {
  /** Buffers of a chunk that are moved to the thread instead of copied. */
  readonly transfer?: (chunk: Chunk) => ArrayBuffer[];
  /** Called for each part that is done, in any order. */
  readonly onDone?: (part: Part, index: number) => void;
}

/**
 * Where a thread finds an executor: a module that exports it (`import.meta.url`), or that exports the
 * function `factory`, which makes it from `settings`, data that can be cloned.
 */
export type ExecutorModule =
  | string
  | { readonly url: string; readonly factory: string; readonly settings: unknown };

export interface ExecutorDefinition<
  Payload extends z.ZodType = z.ZodType,
  Result = unknown,
  Type extends string = string,
> {
  /** 1 to 100 of a-z, 0-9, `_`, `.` and `-`, beginning with a letter. */
  readonly type: Type;
  readonly description: string;
  readonly payload: Payload;
  readonly result?: z.ZodType<Result>;
  /** Default of `SubmitJobInput.maxAttempts`; 3 if not given. */
  readonly maxAttempts?: number;
  /** Default of `SubmitJobInput.timeoutMs`; 60,000 if not given. */
  readonly timeoutMs?: number;
  /** Default of `SubmitJobInput.backoff`, as a whole; what is left out of it is 2 s, 4 s, 8 s. */
  readonly backoff?: Partial<Backoff>;
  /** Its jobs ask for at least so many threads: 1 to 256; 1 if not given. */
  readonly threads?: number;
  /** Largest payload in bytes of JSON; 1 MiB if not given. */
  readonly payloadBytesMax?: number;
  /**
   * It computes for longer than a few milliseconds at a time. With a `module` it runs in a worker thread,
   * which may be ended at any point; without one on the event loop, where everything waits for it.
   */
  readonly cpuBound?: boolean;
  /** For `cpuBound`: where a thread finds this executor, mostly `import.meta.url`. */
  readonly module?: ExecutorModule;
  /** False: a job of this type gets one thread whatever it asks for. True if not given. */
  readonly parallelizable?: boolean;
  /** Throws to fail the attempt; `errors.ts` has what says more than that. */
  run(payload: z.output<Payload>, context: ExecutorContext): Promise<Result> | Result;
  /** Lets go of what the executor holds (connections, say), when the server stops. */
  close?(): Promise<void>;
}

/** A definition with its defaults filled in and its types erased: what the registry holds. */
export interface Executor {
  readonly type: string;
  readonly description: string;
  readonly payload: z.ZodType;
  readonly result: z.ZodType | null;
  readonly maxAttempts: number;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  readonly threads: number;
  readonly payloadBytesMax: number;
  readonly cpuBound: boolean;
  /** Not null where it runs in a thread. */
  readonly module: ExecutorModule | null;
  readonly parallelizable: boolean;
  /** Parses the payload first: it may have been submitted under an older schema. */
  run(payload: unknown, context: ExecutorContext): Promise<unknown>;
  close?(): Promise<void>;
}

declare const TYPES: unique symbol;

/** An executor whose type, payload and result the compiler still knows: for `JobTypesOf`. */
export interface TypedExecutor<Type extends string, Payload, Result> extends Executor {
  readonly type: Type;
  /** Never there: it only carries the types. */
  readonly [TYPES]?: { readonly payload: Payload; readonly result: Result };
}

/** Payload (as it is submitted) and result by job type: `JobTypesOf<[typeof countWords]>`. */
export type JobTypesOf<Executors extends readonly Executor[]> = {
  [One in Executors[number] as One["type"]]: One extends TypedExecutor<
    string,
    infer Payload,
    infer Result
  >
    ? { readonly payload: Payload; readonly result: Result }
    : { readonly payload: unknown; readonly result: unknown };
};

/**
 * Checks a definition and fills in its defaults.
 *
 * @throws TypeError that names every mistake of the definition
 */
export function defineExecutor<const Type extends string, Payload extends z.ZodType, Result>(
  definition: ExecutorDefinition<Payload, Result, Type>,
): TypedExecutor<Type, z.input<Payload>, Result> {
  checkDefinition(definition);
  const executor: TypedExecutor<Type, z.input<Payload>, Result> = {
    type: definition.type,
    description: definition.description,
    payload: definition.payload,
    result: definition.result ?? null,
    maxAttempts: definition.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
    timeoutMs: definition.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    backoff: completeBackoff(definition.backoff),
    threads: definition.threads ?? 1,
    payloadBytesMax: definition.payloadBytesMax ?? DEFAULT_PAYLOAD_BYTES_MAX,
    cpuBound: definition.cpuBound ?? false,
    module: definition.cpuBound === true ? (definition.module ?? null) : null,
    parallelizable: definition.parallelizable ?? true,
    run: (payload: unknown, context: ExecutorContext) => runParsed(definition, payload, context),
    close: async () => definition.close?.(),
  };
  return Object.freeze(markExecutor(executor));
}

function completeBackoff(given: Partial<Backoff> = {}): Backoff {
  return {
    kind: given.kind ?? DEFAULT_BACKOFF.kind,
    baseMs: given.baseMs ?? DEFAULT_BACKOFF.baseMs,
    maxMs: given.maxMs ?? DEFAULT_BACKOFF.maxMs,
    jitter: given.jitter ?? DEFAULT_BACKOFF.jitter,
  };
}

async function runParsed<Payload extends z.ZodType, Result>(
  definition: ExecutorDefinition<Payload, Result>,
  payload: unknown,
  context: ExecutorContext,
): Promise<unknown> {
  const parsed = await parseSchema(definition.payload, payload);
  if (!parsed.success) {
    throw new NonRetryableError(
      `the payload does not fit the job type "${definition.type}": ${describeIssues(parsed.error)}`,
      { code: "INVALID_PAYLOAD" },
    );
  }
  const result = await definition.run(parsed.data as z.output<Payload>, context);
  return definition.result ? fitResult(definition.type, definition.result, result) : result;
}

/** Final: the work is done, and doing it again would do it twice to the same end. */
async function fitResult(type: string, schema: z.ZodType, result: unknown): Promise<unknown> {
  const parsed = await parseSchema(schema, result);
  if (parsed.success) return parsed.data;
  throw new NonRetryableError(
    `the result does not fit what the job type "${type}" declares: ${describeIssues(parsed.error)}`,
    { code: "INVALID_RESULT" },
  );
}
