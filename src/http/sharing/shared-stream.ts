/** One member's subscription: its own source, and the group's results. */
import type { PolledSource } from "../../events/polled-source.ts";
import type { Pace } from "./pace.ts";
import type { SharedGroup } from "./shared-group.ts";
import type { SharedResult } from "./shared-result.ts";

/** Yields events. Its `return` takes effect at once, also while an event is awaited. */
export type EventSource = PolledSource<unknown> & Pick<AsyncIterator<unknown>, "return">;

export interface SharedStreamOptions {
  readonly source: EventSource;
  /** Called at the first `poll`: a stream that nobody reads is no member. */
  readonly enter: () => SharedGroup;
  readonly leave: (group: SharedGroup) => void;
}

type Step = IteratorResult<SharedResult, undefined>;

const DONE: Step = { done: true, value: undefined };

/** Written by hand: the `return` of an async generator would wait behind a pending `next`. */
export class SharedStream
  implements AsyncIterableIterator<SharedResult>, PolledSource<SharedResult>
{
  readonly #options: SharedStreamOptions;
  #group: SharedGroup | null = null;
  #isOver = false;
  /** Of the event that was taken last: still being executed, or not taken yet. */
  #result: SharedResult | "executing" | null = null;
  #wake: (() => void) | null = null;
  readonly #wakeUp = (): void => {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  };

  constructor(options: SharedStreamOptions) {
    this.#options = options;
  }

  /** Of its group, once it was polled. */
  get pace(): Pace {
    if (this.#group === null) throw new Error("a shared stream is a member of no group");
    return this.#group.pace;
  }

  poll(wake: () => void): Step | null {
    const step = this.#take();
    this.#wake = step === null ? wake : null;
    return step;
  }

  next(): Promise<Step> {
    return new Promise((resolve, reject) => {
      const take = () => {
        try {
          const step = this.poll(take);
          if (step !== null) resolve(step);
        } catch (error) {
          reject(error);
        }
      };
      take();
    });
  }

  async return(): Promise<Step> {
    this.#leave();
    this.#wakeUp();
    await this.#options.source.return?.();
    return DONE;
  }

  async throw(error: unknown): Promise<Step> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): Step | null {
    if (this.#isOver) return DONE;
    if (this.#result === "executing") return null;
    const result = this.#result ?? this.#nextResult();
    this.#result = null;
    if (result instanceof Promise) this.#await(result);
    else if (result !== null) return { value: result, done: false };
    return this.#isOver ? DONE : null;
  }

  /** Null: there is none yet, or never again. */
  #nextResult(): SharedResult | Promise<SharedResult> | null {
    this.#group ??= this.#options.enter();
    try {
      const step = this.#options.source.poll(this.#wakeUp);
      if (step === null) return null;
      if (step.done !== true) return this.#group.resultOf(step.value);
    } catch (error) {
      this.#leave();
      throw error;
    }
    this.#leave();
    return null;
  }

  #await(result: Promise<SharedResult>): void {
    this.#result = "executing";
    void result.then((executed) => {
      this.#result = executed;
      this.#wakeUp();
    });
  }

  #leave(): void {
    this.#isOver = true;
    const group = this.#group;
    this.#group = null;
    if (group !== null) this.#options.leave(group);
  }
}
