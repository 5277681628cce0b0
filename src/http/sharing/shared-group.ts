/** Subscriptions that are alike, as long as there are any: each event is executed once for all. */
import { Pace } from "./pace.ts";
import type { Forgetful, ResultBudget } from "./result-budget.ts";
import type { SharedResult } from "./shared-result.ts";

/** Events whose results are kept for members that lag: more than wait in a stream's mailbox. */
const RESULTS_MAX = 20;

/** A result's bytes, and the same as an event of an event stream. */
const FORMS = 2;

/** A result keeps the event that it came from and its own object besides its bytes. */
const OVERHEAD_BYTES = 1_000;

type Awaitable = SharedResult | Promise<SharedResult>;

interface Kept {
  readonly event: object;
  result: Awaitable;
  bytes: number;
}

export interface SharedGroupOptions {
  /** Never rejects: what goes wrong is in the result. */
  readonly execute: (event: unknown) => Awaitable;
  readonly budget: ResultBudget;
}

/**
 * The group decides nothing about who gets what when: each member has a stream of its own, with its
 * own snapshot and mailbox, and asks for the result of what it takes from there. So nobody waits for
 * a slow member, and one that lags too far executes on its own.
 */
export class SharedGroup implements Forgetful {
  readonly pace = new Pace();
  readonly #options: SharedGroupOptions;
  #kept: Kept[] = [];
  #members = 0;

  constructor(options: SharedGroupOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#members === 0;
  }

  enter(): void {
    this.#members += 1;
  }

  leave(): void {
    this.#members -= 1;
    if (!this.isEmpty) return;
    this.forget();
    this.#options.budget.release(this);
  }

  forget(): void {
    this.#kept = [];
  }

  /** Of the same object it is the same result. A promise only where the execution waits for something. */
  resultOf(event: unknown): Awaitable {
    if (typeof event !== "object" || event === null) return this.#options.execute(event);
    // Nearly always the newest.
    for (let at = this.#kept.length - 1; at >= 0; at -= 1) {
      const kept = this.#kept[at];
      if (kept?.event === event) return kept.result;
    }
    return this.#execute(event);
  }

  #execute(event: object): Awaitable {
    const kept: Kept = { event, result: this.#options.execute(event), bytes: 0 };
    if (this.#kept.length >= RESULTS_MAX) this.#kept.shift();
    this.#kept.push(kept);
    if (kept.result instanceof Promise) {
      kept.result = kept.result.then((result) => {
        this.#settle(kept, result);
        return result;
      });
    } else this.#settle(kept, kept.result);
    return kept.result;
  }

  #settle(kept: Kept, result: SharedResult): void {
    kept.result = result;
    kept.bytes = FORMS * result.bytes.length + OVERHEAD_BYTES;
    if (this.isEmpty || !this.#kept.includes(kept)) return;
    let bytes = 0;
    for (const other of this.#kept) bytes += other.bytes;
    this.#options.budget.keep(this, bytes);
  }
}
