/** One piece of work at a time, in the order of arrival. */

export class TurnQueue {
  readonly #waitingMax: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  get full(): boolean {
    return this.#waiting >= this.#waitingMax;
  }

  /** Runs `work` when everything that came before is done, however it ended. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.full) return Promise.reject(new Error(`${this.#waiting} are waiting already`));
    this.#waiting += 1;
    const turn = this.#last.then(() => {
      this.#waiting -= 1;
      return work();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}
