/** Counts a known number of jobs down, and times them. */

export class Countdown {
  /** Resolves after the last of them. */
  readonly ended: Promise<void>;
  readonly #count: number;
  #left: number;
  #firstAt = 0;
  #end: () => void = () => {};

  constructor(count: number) {
    this.#count = count;
    this.#left = count;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  tick(): void {
    if (this.#left === this.#count) this.#firstAt = performance.now();
    this.#left -= 1;
    if (this.#left === 0) this.#end();
  }

  /** Jobs a second from the first one until now: what a start costs is not in it. */
  perSecond(): number {
    return (this.#count * 1_000) / (performance.now() - this.#firstAt);
  }
}
