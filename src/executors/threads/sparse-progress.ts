/** Progress on its way out of a thread: a loop that reports a million times sends ten messages a second. */
import { progressFraction } from "../progress-fraction.ts";

const INTERVAL_MS = 100;

export class SparseProgress {
  readonly #send: (fraction: number) => void;
  #sentAt = Number.NEGATIVE_INFINITY;
  #waiting: number | null = null;

  constructor(send: (fraction: number) => void) {
    this.#send = send;
  }

  /** @throws TypeError for what is no number */
  report(value: number): void {
    const fraction = progressFraction(value);
    const waitMs = this.#sentAt + INTERVAL_MS - performance.now();
    if (waitMs <= 0) {
      this.#sendNow(fraction);
      return;
    }
    // For code that now waits for something. In a loop that does not, a later report goes out.
    if (this.#waiting === null) setTimeout(() => this.#sendWaiting(), waitMs).unref();
    this.#waiting = fraction;
  }

  #sendWaiting(): void {
    const fraction = this.#waiting;
    if (fraction !== null) this.#sendNow(fraction);
  }

  #sendNow(fraction: number): void {
    this.#waiting = null;
    this.#sentAt = performance.now();
    this.#send(fraction);
  }
}
