/** The pauses of one run: each ends with the run at the latest, and leaves no timer and no listener. */

/** Longer ones would be over at once: setTimeout holds 31 bits of milliseconds. */
const SLEEP_MAX_MS = 2_147_483_647;

interface Sleep {
  readonly timer: NodeJS.Timeout;
  readonly reject: (reason: unknown) => void;
}

export class Sleeps {
  readonly #open = new Set<Sleep>();
  #ended: Error | null = null;

  /** @throws TypeError (rejects) for what is no number */
  async start(ms: number): Promise<void> {
    if (typeof ms !== "number" || Number.isNaN(ms)) {
      throw new TypeError("sleep() needs a number of milliseconds");
    }
    if (this.#ended !== null) throw this.#ended;
    await new Promise<void>((resolve, reject) => {
      const wake = () => {
        this.#open.delete(sleep);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(Math.max(ms, 0), SLEEP_MAX_MS));
      const sleep = { timer, reject };
      this.#open.add(sleep);
    });
  }

  /** The same for those that come later. */
  end(reason: Error): void {
    this.#ended = reason;
    this.endAll(reason);
  }

  /** All that are under way reject with `reason`. */
  endAll(reason: unknown): void {
    for (const { timer, reject } of this.#open) {
      clearTimeout(timer);
      reject(reason);
    }
    this.#open.clear();
  }
}
