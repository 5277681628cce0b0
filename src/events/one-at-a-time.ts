/** Work that is done one after the other, in the order of arrival. */

export class OneAtATime {
  readonly #slowAfterMs: number;
  #last: Promise<void> = Promise.resolve();

  /** @param slowAfterMs what takes longer makes room for the next, for it may hang */
  constructor(slowAfterMs: number) {
    this.#slowAfterMs = slowAfterMs;
  }

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work);
    this.#last = this.#last.then(() => this.#settledOrSlow(done));
    return done;
  }

  async #settledOrSlow(done: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const slow = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#slowAfterMs).unref();
    });
    await Promise.race([done.catch(() => undefined), slow]);
    clearTimeout(timer);
  }
}
