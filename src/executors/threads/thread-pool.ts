/**
 * The threads of one instance in which CPU-bound attempts run, as many as its workers have together.
 *
 * piscina keeps them: nothing is loaded or started before the first such attempt, and a thread that had
 * nothing to do for a while ends. Tasks wait here and not in piscina, which lets those in its own queue
 * lie when a thread is ended and no new task comes.
 */

import type { Logger } from "pino";
import type { Piscina } from "piscina";
import type { Executor } from "../define-executor.ts";
import type {
  AttemptHost,
  JobAnswer,
  PartAnswer,
  PartTask,
  ThreadPayload,
  ThreadTask,
} from "./messages.ts";
import { PartFeeder } from "./part-feeder.ts";
import { Slots } from "./slots.ts";
import { deathOf } from "./thread-death.ts";
import { type RunningTask, runInThread } from "./thread-task.ts";

export interface ThreadPoolOptions {
  readonly threads: number;
  readonly log: Logger;
  /** Memory of a thread for JavaScript objects; buffers come on top. 1,024 if not given. */
  readonly heapMbMax?: number;
}

const HEAP_MB_MAX = 1_024;
const IDLE_MS = 30_000;
/** Of libuv's four threads, all but one: see `NativeTurns`. */
const NATIVE_MAX = 3;

export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #slots: Slots;
  readonly #nativeSlots = new Slots(NATIVE_MAX);
  readonly #running = new Set<RunningTask>();
  #piscina: Promise<Piscina> | null = null;
  #isClosed = false;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#slots = new Slots(options.threads);
  }

  /** Threads that are there now, busy or idle. */
  async countThreads(): Promise<number> {
    return this.#piscina === null ? 0 : (await this.#piscina).threads.length;
  }

  /**
   * Runs an attempt of an executor with a module. When `context.signal` aborts, the code is told and,
   * if it does not come back in a moment, its thread is ended.
   *
   * Never rejects: a thread that dies fails the attempt.
   *
   * @param given its bytes are moved to the thread, and are gone here
   */
  async runJob(executor: Executor, given: ThreadPayload, context: AttemptHost): Promise<JobAnswer> {
    const { module, type } = executor;
    if (module === null) throw new Error(`the job type "${type}" names no module`);
    const { jobId, attempt, threads } = context;
    const payload = typeof given === "string" ? given : given.map(ownBytes);
    const transfer = typeof payload === "string" ? [] : payload.map(({ buffer }) => buffer);
    const task = { kind: "job", module, type, payload, jobId, attempt, threads } as const;
    const over = new AbortController();
    const onAbort = () => over.abort(context.signal.reason);
    context.signal.addEventListener("abort", onAbort, { once: true });
    const feeder = new PartFeeder({
      helpersMax: threads - 1,
      signal: over.signal,
      runPart: (part, transfer, signal) => this.#runPart(part, transfer, signal),
    });
    try {
      return await this.#run<JobAnswer>(task, transfer, context.signal, { feeder, context });
    } catch (error) {
      return { outcome: this.#deathOf(error), artifacts: [] };
    } finally {
      context.signal.removeEventListener("abort", onAbort);
      over.abort(new Error("the attempt is over"));
    }
  }

  /** Ends all threads, whatever they are doing. Nothing can be run afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await (await this.#piscina)?.destroy();
  }

  async #runPart(
    task: PartTask,
    transfer: readonly ArrayBuffer[],
    signal: AbortSignal,
  ): Promise<PartAnswer> {
    try {
      return await this.#run<PartAnswer>(task, transfer, signal, {});
    } catch (error) {
      return { failed: this.#deathOf(error) };
    }
  }

  #deathOf(error: unknown) {
    return deathOf(error, this.#options.heapMbMax ?? HEAP_MB_MAX);
  }

  async #run<Answer>(
    task: ThreadTask,
    transfer: readonly ArrayBuffer[],
    signal: AbortSignal,
    { feeder, context }: { feeder?: PartFeeder; context?: AttemptHost },
  ): Promise<Answer> {
    const leave = await this.#slots.take(signal);
    try {
      if (this.#isClosed) throw new Error("the instance stops");
      this.#piscina ??= this.#open();
      const running = runInThread<Answer>(await this.#piscina, task, {
        ...{ transfer, signal, nativeSlots: this.#nativeSlots },
        ...(feeder && { feeder }),
        ...(context && {
          onProgress: (fraction) => context.progress(fraction),
          onLine: (line) => context.takeLine?.(line),
        }),
      });
      this.#running.add(running);
      return await running.answer.finally(() => this.#running.delete(running));
    } finally {
      leave();
    }
  }

  async #open(): Promise<Piscina> {
    const { threads, heapMbMax = HEAP_MB_MAX, log } = this.#options;
    const { Piscina } = await import("piscina");
    const piscina = new Piscina({
      // Beside this file, whether that is the source or what was built from it.
      filename: new URL(`./thread${/\.\w+$/.exec(import.meta.url)?.[0]}`, import.meta.url).href,
      name: "runTask",
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: IDLE_MS,
      // A thread that waits for its next task by blocking would hold up what the last one left behind.
      atomics: "disabled",
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
    });
    // Of a thread that was idle or only starting: tasks that wait for one would wait for ever.
    piscina.on("error", (error: unknown) => {
      log.warn({ err: error }, "a thread failed while it ran no job");
      for (const task of this.#running) task.failUnstarted(error);
    });
    return piscina;
  }
}

/** What shares its memory with others (Node keeps small buffers together) cannot be moved. */
function ownBytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
