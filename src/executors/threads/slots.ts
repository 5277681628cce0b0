/** A number of places, given to those who wait in the order in which they came. */

export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Resolves with what gives the place back; calling that twice does nothing more.
   *
   * @throws the signal's reason, if it aborts before
   */
  take(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(enter);
        reject(signal.reason);
      };
      const enter = () => {
        this.#waiting.delete(enter);
        signal.removeEventListener("abort", onAbort);
        this.#free -= 1;
        resolve(this.#leaveOnce());
      };
      if (signal.aborted) return reject(signal.reason);
      if (this.#free > 0) return enter();
      this.#waiting.add(enter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #leaveOnce(): () => void {
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#free += 1;
      const [next] = this.#waiting;
      next?.();
    };
  }
}
