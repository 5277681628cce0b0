/** Job types of tests: what a test says, what it holds, and what ends at once. */
import { z } from "zod";
import {
  defineExecutor,
  type Executor,
  type ExecutorContext,
} from "../../src/executors/define-executor.ts";
import type { Stage } from "./stage.ts";

type Run = (payload: Record<string, unknown>, context: ExecutorContext) => unknown;

/** A job type of any payload that does what `run` says. */
export function executorOf(type: string, run: Run, { parallelizable = true } = {}): Executor {
  const payload = z.looseObject({});
  return defineExecutor({ type, description: "for a test", payload, parallelizable, run });
}

/** Ends at once, and notes in `order` that one of its type came. */
export function quick(type: string, order: string[] = []): Executor {
  return executorOf(type, () => {
    order.push(type);
    return null;
  });
}

export interface HeldRun {
  readonly context: ExecutorContext;
  readonly signal: AbortSignal;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A job type whose runs wait until the test lets them go, deaf to their signal. It counts them. */
export class Held {
  readonly executor: Executor;
  /** All so far, in the order in which they started. */
  readonly runs: HeldRun[] = [];
  /** Runs at this moment, the most at one moment, and the threads in use. */
  running = 0;
  most = 0;
  threadsInUse = 0;
  /** What has not been let go. */
  readonly #open = new Map<ExecutorContext, HeldRun>();
  readonly #waiting = new Set<() => void>();
  #letsGo = false;

  constructor(type: string, traits: { parallelizable?: boolean } = {}) {
    this.executor = executorOf(type, (_payload, context) => this.#hold(context), traits);
  }

  /** Ids of jobs, in the order in which they started. */
  get started(): string[] {
    return this.runs.map(({ context }) => context.jobId);
  }

  /** Ends the run of this job; without an id, of the one that has run for longest. */
  release(id?: string): void {
    const wanted = [...this.#open.values()].find(
      ({ context }) => id === undefined || context.jobId === id,
    );
    if (wanted === undefined) throw new Error(`${id ?? "no job"} is not held`);
    this.#open.delete(wanted.context);
    wanted.resolve(null);
  }

  releaseAll(): void {
    for (const run of this.#open.values()) run.resolve(null);
  }

  /** From now on nothing waits. */
  letGo(): void {
    this.#letsGo = true;
    this.releaseAll();
  }

  /**
   * Has the engines learn that jobs of this type end at once, so that they are read ahead. From then on
   * its runs wait again, and those before are forgotten.
   */
  async seemFast(stage: Stage): Promise<void> {
    this.letGo();
    const wishes = Array.from({ length: 300 }, () => ({ type: this.executor.type }));
    for (const { id } of await stage.submit(...wishes)) await stage.ended(id);
    this.#letsGo = false;
    this.runs.length = 0;
    this.most = 0;
  }

  /** Resolves once so many have started, or the job with this id. */
  whenStarted(wanted: number | string): Promise<void> {
    const hasStarted = () =>
      typeof wanted === "number" ? this.runs.length >= wanted : this.started.includes(wanted);
    return new Promise((resolve) => {
      const look = () => {
        if (!hasStarted()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  async #hold(context: ExecutorContext): Promise<unknown> {
    const { signal, threads } = context;
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    this.threadsInUse += threads;
    const ended = new Promise<unknown>((resolve, reject) => {
      const run = { context, signal, resolve, reject };
      this.runs.push(run);
      this.#open.set(context, run);
      if (this.#letsGo) resolve(null);
    });
    for (const look of this.#waiting) look();
    try {
      return await ended;
    } finally {
      this.running -= 1;
      this.threadsInUse -= threads;
      this.#open.delete(context);
    }
  }
}
