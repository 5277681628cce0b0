/** Callbacks that cannot hurt each other. */
import type { Unsubscribe } from "./bus.ts";
import type { SeldomLog } from "./seldom-log.ts";

/**
 * Calls every listener, in the order in which they came. One that throws is logged and the others
 * are still called: an exception must not travel into the publisher, or into the Redis parser.
 */
export class Listeners<T> {
  readonly #log: SeldomLog;
  readonly #all = new Set<{ readonly call: (value: T) => void }>();

  constructor(log: SeldomLog) {
    this.#log = log;
  }

  /** The same function may be added twice; each call has its own end. */
  add(listener: (value: T) => void): Unsubscribe {
    const entry = { call: listener };
    this.#all.add(entry);
    return () => {
      this.#all.delete(entry);
    };
  }

  emit(value: T): void {
    for (const { call } of this.#all) {
      try {
        call(value);
      } catch (error) {
        this.#log.error("a listener of the bus threw", error);
      }
    }
  }
}
