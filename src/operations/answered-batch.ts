/** Natural batching for callers that each wait for their own answer, and may be told to come back. */
import { RequestError } from "../domain/errors.ts";
import { NaturalBatch } from "../store/natural-batch.ts";

export interface AnsweredBatchOptions<Item, Result> {
  /** Results in the order of the items. Nothing of it may last if it rejects, for it may be repeated. */
  run(items: readonly Item[]): Promise<readonly Result[]>;
  /** True if one item may be at fault: the batch is halved until that one fails alone. */
  isItemsFault(error: unknown): boolean;
  weigh(item: Item): number;
  readonly sizeMax: number;
  /** Of one batch. A single item may weigh more. */
  readonly weightMax: number;
  readonly waitingMax: number;
  readonly waitingWeightMax: number;
  /**
   * A run that takes longer makes room for the next one, and is still waited for by its own items: two
   * connections that hang must not stop everybody. For reads only, whose order does not matter.
   */
  readonly slowAfterMs?: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly weight: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export class AnsweredBatch<Item, Result extends object> {
  readonly #options: AnsweredBatchOptions<Item, Result>;
  readonly #batches: NaturalBatch<Waiting<Item, Result>>;
  #waitingWeight = 0;

  constructor(options: AnsweredBatchOptions<Item, Result>) {
    this.#options = options;
    const { sizeMax, weightMax } = options;
    this.#batches = new NaturalBatch({
      ...{ sizeMax, weightMax, worthASecond: 1 },
      weigh: ({ weight }) => weight,
      run: (batch) => this.#run(batch),
    });
  }

  /** @throws RequestError UNAVAILABLE if too much is waiting already */
  add(item: Item): Promise<Result> {
    const weight = this.#options.weigh(item);
    const { waitingMax, waitingWeightMax } = this.#options;
    const { waiting } = this.#batches;
    const fits = this.#waitingWeight + weight <= waitingWeightMax || waiting === 0;
    if (waiting >= waitingMax || !fits) {
      const message = "too many requests are waiting for the database; try again in a moment";
      return Promise.reject(new RequestError("UNAVAILABLE", message));
    }
    this.#waitingWeight += weight;
    return new Promise<Result>((resolve, reject) => {
      this.#batches.add({ item, weight, resolve, reject });
    });
  }

  #run(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    for (const { weight } of batch) this.#waitingWeight -= weight;
    const settled = this.#settle(batch);
    const { slowAfterMs } = this.#options;
    return slowAfterMs === undefined ? settled : settledOrSlow(settled, slowAfterMs);
  }

  /** Never rejects: whatever happens reaches the items' own promises. */
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

async function settledOrSlow(settled: Promise<void>, slowAfterMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const slow = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, slowAfterMs);
  });
  await Promise.race([settled, slow]);
  clearTimeout(timer);
}
