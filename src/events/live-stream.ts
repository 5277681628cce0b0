/** What all live streams have in common: how they hand what they hold to who waits, and how they end. */
import type { PolledSource } from "./polled-source.ts";

interface Waiter<Value> {
  readonly resolve: (result: IteratorResult<Value, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE = { value: undefined, done: true } as const;

/**
 * Written by hand, because the `return` of an async generator waits behind a pending `next`: here it
 * takes effect before it returns, and ends a pending `next` as done.
 */
export abstract class LiveStream<Value>
  implements AsyncIterableIterator<Value>, PolledSource<Value>
{
  #phase: "new" | "open" | "closed" = "new";
  #waiters: Waiter<Value>[] = [];
  /** Of who polls. */
  #wake: (() => void) | null = null;
  #failure: { readonly error: unknown } | null = null;

  /** At the first `next`: nothing is registered for a stream that nobody reads. */
  protected abstract opened(): void;

  /** The stream takes nothing further. Called once, and only after `opened`. */
  protected abstract closed(): void;

  /** The next value, which is the reader's from now on; null: there is none yet. */
  protected abstract take(): Value | null;

  /** Forgets the values that wait. */
  protected abstract drop(): void;

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Completes the stream after what waits. */
  end(): void {
    if (this.#phase === "closed") return;
    const wasOpen = this.#phase === "open";
    this.#phase = "closed";
    if (wasOpen) this.closed();
    this.tell();
  }

  /** Drops what waits, and makes a pending `next`, or else the next one, reject. */
  fail(error: unknown): void {
    if (this.#phase === "closed") return;
    this.#failure = { error };
    this.drop();
    this.end();
  }

  poll(wake: () => void): IteratorResult<Value, undefined> | null {
    this.#open();
    const step = this.#step();
    this.#wake = step === null ? wake : null;
    return step;
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#open();
      this.#serve();
    });
  }

  return(): Promise<IteratorResult<Value, undefined>> {
    this.drop();
    this.#failure = null;
    this.end();
    return Promise.resolve(DONE);
  }

  throw(error: unknown): Promise<IteratorResult<Value, undefined>> {
    void this.return();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** There may be something to take. */
  protected tell(): void {
    this.#serve();
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #open(): void {
    if (this.#phase !== "new") return;
    this.#phase = "open";
    this.opened();
  }

  #serve(): void {
    for (let waiter = this.#waiters[0]; waiter !== undefined; waiter = this.#waiters[0]) {
      try {
        const step = this.#step();
        if (step === null) return;
        waiter.resolve(step);
      } catch (error) {
        waiter.reject(error);
      }
      this.#waiters.shift();
    }
  }

  /** @throws what the stream failed with, once */
  #step(): IteratorResult<Value, undefined> | null {
    const value = this.take();
    if (value !== null) return { value, done: false };
    if (this.#failure !== null) {
      const { error } = this.#failure;
      this.#failure = null;
      throw error;
    }
    return this.#phase === "closed" ? DONE : null;
  }
}
