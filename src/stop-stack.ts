/** What was started, to be stopped in reverse. */

export class StopStack {
  readonly #stops: { readonly name: string; readonly stop: () => Promise<unknown> }[] = [];

  push(name: string, stop: () => Promise<unknown>): void {
    this.#stops.push({ name, stop });
  }

  /** Stops everything, last first. One that fails does not keep the others from being stopped. */
  async stopAll(onError: (name: string, error: unknown) => void): Promise<void> {
    for (let top = this.#stops.pop(); top !== undefined; top = this.#stops.pop()) {
      try {
        await top.stop();
      } catch (error) {
        onError(top.name, error);
      }
    }
  }
}
