/**
 * Batches without timers. An item that finds less than `concurrency` runs in flight starts one in
 * the same turn of the event loop; what arrives while they are busy waits and forms the next batch.
 * Idle costs no delay, load makes large batches by itself.
 */
import { RequestError } from "../domain/errors.ts";

export interface NaturalBatchOptions<Item, Result> {
  /** Results in the order of the items. Nothing of it may last if it rejects, for it may be repeated. */
  run(items: readonly Item[]): Promise<readonly Result[]>;
  /** True if one item may be at fault: the batch is halved until that one fails alone. */
  isItemsFault(error: unknown): boolean;
  weigh(item: Item): number;
  readonly concurrency: number;
  readonly sizeMax: number;
  /** Of one batch. A single item may weigh more. */
  readonly weightMax: number;
  readonly waitingMax: number;
  readonly waitingWeightMax: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly weight: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export class NaturalBatch<Item, Result extends object> {
  readonly #options: NaturalBatchOptions<Item, Result>;
  #waiting: Waiting<Item, Result>[] = [];
  #waitingWeight = 0;
  #inFlight = 0;
  #isStarting = false;

  constructor(options: NaturalBatchOptions<Item, Result>) {
    this.#options = options;
  }

  /** @throws RequestError UNAVAILABLE if too much is waiting already */
  add(item: Item): Promise<Result> {
    const weight = this.#options.weigh(item);
    const { waitingMax, waitingWeightMax } = this.#options;
    const fits = this.#waitingWeight + weight <= waitingWeightMax || this.#waiting.length === 0;
    if (this.#waiting.length >= waitingMax || !fits) {
      const message = "too many requests are waiting for the database; try again in a moment";
      return Promise.reject(new RequestError("UNAVAILABLE", message));
    }
    const result = new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ item, weight, resolve, reject });
    });
    this.#waitingWeight += weight;
    this.#startSoon();
    return result;
  }

  /** In this turn of the event loop, after whatever else it brings: that shares the run. */
  #startSoon(): void {
    if (this.#isStarting || this.#inFlight >= this.#options.concurrency) return;
    this.#isStarting = true;
    setImmediate(() => {
      this.#isStarting = false;
      this.#start();
    });
  }

  #start(): void {
    if (this.#waiting.length === 0) return;
    const batch = this.#takeBatch();
    this.#inFlight += 1;
    // #settle never rejects: whatever happens reaches the items' own promises.
    void this.#settle(batch).then(() => {
      this.#inFlight -= 1;
      this.#startSoon();
    });
    if (this.#waiting.length > 0) this.#startSoon();
  }

  #takeBatch(): Waiting<Item, Result>[] {
    const { sizeMax, weightMax } = this.#options;
    let weight = 0;
    let size = 0;
    for (const { weight: next } of this.#waiting) {
      if (size >= sizeMax || (size > 0 && weight + next > weightMax)) break;
      weight += next;
      size += 1;
    }
    this.#waitingWeight -= weight;
    return this.#waiting.splice(0, size);
  }

  async #settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#options.run(batch.map(({ item }) => item));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = results[index];
        if (result === undefined) reject(new Error("a batch lost one of its results"));
        else resolve(result);
      }
    } catch (error) {
      if (batch.length === 1 || !this.#options.isItemsFault(error)) {
        for (const { reject } of batch) reject(error);
        return;
      }
      const middle = batch.length >> 1;
      await this.#settle(batch.slice(0, middle));
      await this.#settle(batch.slice(middle));
    }
  }
}
