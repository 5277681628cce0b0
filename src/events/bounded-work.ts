/** Work of which a few pieces are done at once, in the order of arrival. */

export interface BoundedWorkOptions {
  readonly atOnce: number;
  /** What takes longer makes room for the next: it may be on a connection that hangs. */
  readonly slowAfterMs: number;
}

export class BoundedWork {
  readonly #options: BoundedWorkOptions;
  readonly #waiting: (() => Promise<unknown>)[] = [];
  #inHand = 0;

  constructor(options: BoundedWorkOptions) {
    this.#options = options;
  }

  /** Begins it after this turn's other calls, in its turn; what comes of it is what comes of `work`. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => work().then(resolve, reject));
      queueMicrotask(() => this.#start());
    });
  }

  #start(): void {
    if (this.#inHand >= this.#options.atOnce) return;
    const work = this.#waiting.shift();
    if (work === undefined) return;
    this.#inHand += 1;
    void this.#settledOrSlow(work()).then(() => {
      this.#inHand -= 1;
      this.#start();
    });
  }

  /** @param settled never rejects */
  async #settledOrSlow(settled: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const slow = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#options.slowAfterMs).unref();
    });
    await Promise.race([settled, slow]);
    clearTimeout(timer);
  }
}
