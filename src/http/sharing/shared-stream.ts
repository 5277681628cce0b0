/** One member's subscription: its own source, and the group's results. */
import type { SharedGroup } from "./shared-group.ts";
import type { SharedResult } from "./shared-result.ts";

export interface SharedStreamOptions {
  /** Yields events. Its `return` takes effect at once, also while an event is awaited. */
  readonly source: AsyncIterator<unknown>;
  /** Called at the first `next`: a stream that nobody reads is no member. */
  readonly enter: () => SharedGroup;
  readonly leave: (group: SharedGroup) => void;
}

/** Written by hand: the `return` of an async generator would wait behind a pending `next`. */
export class SharedStream implements AsyncIterableIterator<SharedResult> {
  readonly #options: SharedStreamOptions;
  #group: SharedGroup | null = null;
  #isOver = false;

  constructor(options: SharedStreamOptions) {
    this.#options = options;
  }

  async next(): Promise<IteratorResult<SharedResult>> {
    if (!this.#isOver) this.#group ??= this.#options.enter();
    try {
      const step = await this.#options.source.next();
      const group = this.#group;
      if (step.done !== true && group !== null) {
        const result = group.resultOf(step.value);
        return { value: result instanceof Promise ? await result : result, done: false };
      }
    } catch (error) {
      this.#leave();
      throw error;
    }
    this.#leave();
    return { value: undefined, done: true };
  }

  async return(): Promise<IteratorResult<SharedResult>> {
    this.#leave();
    await this.#options.source.return?.();
    return { value: undefined, done: true };
  }

  async throw(error: unknown): Promise<IteratorResult<SharedResult>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #leave(): void {
    this.#isOver = true;
    const group = this.#group;
    this.#group = null;
    if (group !== null) this.#options.leave(group);
  }
}
