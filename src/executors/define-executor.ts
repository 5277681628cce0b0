/** How a job type is declared. One file a type, one line in the registry. */
import type { z } from "zod";

/** What a running executor is given besides its payload. */
export interface ExecutorContext {
  readonly jobId: string;
  /** Number of this run, from 1. */
  readonly attempt: number;
  /** Worker threads granted, from 1. */
  readonly threads: number;
  /** Aborts at the timeout, when the job is cancelled or lost, and when the grace time of a stop ends. */
  readonly signal: AbortSignal;
}

export interface ExecutorDefinition<Payload extends z.ZodType = z.ZodType, Result = unknown> {
  readonly type: string;
  readonly description: string;
  readonly payload: Payload;
  readonly result?: z.ZodType<Result>;
  /** Default of `SubmitJobInput.maxAttempts`; 3 if not given. */
  readonly maxAttempts?: number;
  /** Default of `SubmitJobInput.timeoutMs`; 60,000 if not given. */
  readonly timeoutMs?: number;
  /** Largest payload in bytes of JSON; 1 MiB if not given. */
  readonly payloadBytesMax?: number;
  readonly cpuBound?: boolean;
  /** False: a job of this type gets one thread whatever it asks for. */
  readonly parallelizable?: boolean;
  run(payload: z.output<Payload>, context: ExecutorContext): Promise<Result> | Result;
}

/** A definition with its defaults filled in and its types erased: what the registry holds. */
export interface Executor {
  readonly type: string;
  readonly description: string;
  readonly payload: z.ZodType;
  readonly result: z.ZodType | null;
  readonly maxAttempts: number;
  readonly timeoutMs: number;
  readonly payloadBytesMax: number;
  readonly cpuBound: boolean;
  readonly parallelizable: boolean;
  /** Parses the payload first: it may have been submitted under an older schema. */
  run(payload: unknown, context: ExecutorContext): Promise<unknown>;
}
