/** What the event loop and a thread of the pool tell each other about one task. */
import type { MessagePort } from "node:worker_threads";
import type { Artifact } from "../../domain/artifact.ts";
import type { LogLevel } from "../../domain/log-line.ts";
import type { Outcome } from "../../domain/outcome.ts";
import type { ExecutorContext, ExecutorModule } from "../define-executor.ts";

/**
 * JSON, as text or as bytes in pieces: parsing 64 MB of it takes a second, which is the thread's and not
 * the event loop's.
 */
export type ThreadPayload = string | readonly Uint8Array<ArrayBuffer>[];

/** A whole attempt. */
export interface JobTask {
  readonly kind: "job";
  readonly module: ExecutorModule;
  readonly type: string;
  readonly payload: ThreadPayload;
  readonly jobId: string;
  readonly attempt: number;
  readonly threads: number;
}

/** One chunk of an attempt that runs in another thread. */
export interface PartTask {
  readonly kind: "part";
  /** The module, and the name of the function that it exports. */
  readonly url: string;
  readonly name: string;
  readonly chunk: unknown;
}

export type ThreadTask = JobTask | PartTask;
export type TaskInThread = ThreadTask & { readonly port: MessagePort };

export interface JobAnswer {
  readonly outcome: Outcome;
  /** None unless it completed. */
  readonly artifacts: readonly Artifact[];
}

/** What a part returned, or the outcome that its error makes. */
export type PartAnswer = { readonly part: unknown } | { readonly failed: Outcome };

/** A line of the attempt's log, as text that can be stored. */
export interface ThreadLogLine {
  readonly level: LogLevel;
  readonly message: string;
  /** JSON text of an object. */
  readonly fields: string | null;
  /** How long it waited before it was sent. */
  readonly agoMs: number;
  /** Lines before it that were not sent. */
  readonly leftOut: number;
}

/** Of an attempt in a thread: its context on the event loop. */
export interface AttemptHost extends ExecutorContext {
  takeLine?(line: ThreadLogLine): void;
}

export type FromThread =
  /** The code of the job type begins: until then nothing is lost if the task is dropped. */
  | { readonly kind: "started" }
  | { readonly kind: "progress"; readonly fraction: number }
  | { readonly kind: "log"; readonly lines: readonly ThreadLogLine[] }
  /** Begins a call of `parallel`. */
  | {
      readonly kind: "parallel";
      readonly call: number;
      readonly url: string;
      readonly name: string;
      readonly chunks: readonly unknown[];
      /** By place of the chunk. */
      readonly transfers: readonly (readonly ArrayBuffer[])[];
    }
  /** The thread that called has time for a chunk itself. */
  | { readonly kind: "next"; readonly call: number }
  /** Nothing more of this call is wanted. */
  | { readonly kind: "over"; readonly call: number }
  /** It is about to use libuv's threads, or has done so. */
  | { readonly kind: "native" }
  | { readonly kind: "native-over" };

export type ToThread =
  | { readonly kind: "abort"; readonly reason: string }
  /** The answer to "next". */
  | {
      readonly kind: "chunk";
      readonly call: number;
      readonly index: number;
      readonly chunk: unknown;
    }
  | { readonly kind: "no-chunk"; readonly call: number }
  /** Another thread has done a chunk. */
  | {
      readonly kind: "part";
      readonly call: number;
      readonly index: number;
      readonly answer: PartAnswer;
    }
  /** Its turn has come. */
  | { readonly kind: "native" };
