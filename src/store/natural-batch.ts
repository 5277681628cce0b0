/**
 * Batches without timers. An item that finds fewer than two runs in flight starts one in the same turn
 * of the event loop; what arrives while they are busy waits and forms the next batch. Idle costs no
 * delay, load makes large batches by itself.
 *
 * It lives with the statements that it fills: operations and the engine both write so, each with an
 * answer of its own to a batch that fails.
 */

export interface NaturalBatchOptions<Item> {
  /** Must not reject: whoever waits for an item is told by other ways. */
  readonly run: (batch: readonly Item[]) => Promise<void>;
  /** Characters that the item adds to its statement. */
  readonly weigh: (item: Item) => number;
  readonly sizeMax: number;
  /** Of one batch. A single item may weigh more. */
  readonly weightMax: number;
  /** So many make a second run beside the first worth its round trip. */
  readonly worthASecond: number;
}

const IN_FLIGHT_MAX = 2;

export class NaturalBatch<Item> {
  readonly #options: NaturalBatchOptions<Item>;
  #waiting: Item[] = [];
  #inFlight = 0;
  #isStarting = false;
  #isPaused = false;
  #whenIdle: (() => void)[] = [];

  constructor(options: NaturalBatchOptions<Item>) {
    this.#options = options;
  }

  /** Items of which no run has begun. */
  get waiting(): number {
    return this.#waiting.length;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    this.#startSoon();
  }

  /** Begins no run until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#startSoon();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
    this.#tellIdle();
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    if (this.#waiting.length === 0 && this.#inFlight === 0) return;
    await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** In this turn of the event loop, after whatever else it brings: that shares the run. */
  #startSoon(): void {
    if (this.#isStarting || this.#isPaused || this.#inFlight >= IN_FLIGHT_MAX) return;
    this.#isStarting = true;
    setImmediate(() => {
      this.#isStarting = false;
      this.#start();
    });
  }

  #start(): void {
    const needed = this.#inFlight === 0 ? 1 : this.#options.worthASecond;
    if (this.#isPaused || this.#waiting.length < needed) return;
    const batch = this.#takeBatch();
    this.#inFlight += 1;
    void this.#options.run(batch).finally(() => {
      this.#inFlight -= 1;
      this.#startSoon();
      this.#tellIdle();
    });
    if (this.#waiting.length > 0) this.#startSoon();
  }

  /** At least one item, however heavy. */
  #takeBatch(): Item[] {
    const { weigh, sizeMax, weightMax } = this.#options;
    let weight = 0;
    let size = 0;
    for (const item of this.#waiting) {
      weight += weigh(item);
      if (size >= sizeMax || (size > 0 && weight > weightMax)) break;
      size += 1;
    }
    return this.#waiting.splice(0, size);
  }

  #tellIdle(): void {
    if (this.#waiting.length > 0 || this.#inFlight > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
