/** Counts live subscriptions of both transports, and says no beyond the limit. */

export class SubscriptionGate {
  readonly #max: number;
  #open = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get open(): number {
    return this.#open;
  }

  /** Null: no room. Otherwise call the result once the subscription is over; more calls do nothing. */
  enter(): (() => void) | null {
    if (this.#open >= this.#max) return null;
    this.#open += 1;
    let inside = true;
    return () => {
      if (inside) this.#open -= 1;
      inside = false;
    };
  }
}
