/** Wakes one waiter, now or when it comes. */
export class Signal {
  #isRaised = false;
  #wake: (() => void) | null = null;

  raise(): void {
    this.#isRaised = true;
    this.#wake?.();
  }

  /** Resolves once it has been raised since the last wait, or after so long. */
  async within(ms: number): Promise<void> {
    if (!this.#isRaised && ms > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        timer.unref();
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = null;
    this.#isRaised = false;
  }
}
