/** When the results of a group are written: at once, as long as there is time for that. */

/** Shorter bursts of writes are not worth a rest. */
const BURST_MIN_MS = 1;
/** What else stopped the process during a burst must not hold its clients up as long again. */
const REST_MAX_MS = 100;

/** What waits for the end of a rest. */
export interface Held {
  flush(): void;
}

/**
 * A write is most of what a delivery costs, and costs the same for one message as for ten. So after a
 * burst of writes the group rests as long as that took, and what comes meanwhile goes out in one write
 * for each client. Nobody waits longer for that than the last client of the burst did for its own; with
 * few watchers or few events nothing ever rests.
 */
export class Pace {
  #burstSince: number | null = null;
  #isResting = false;
  #held: Held[] = [];
  readonly #endBurst = () => {
    const took = performance.now() - (this.#burstSince ?? 0);
    this.#burstSince = null;
    if (took < BURST_MIN_MS) return;
    this.#isResting = true;
    setTimeout(() => this.#endRest(), Math.min(took, REST_MAX_MS)).unref();
  };

  /** Writes are to be held back. */
  get isResting(): boolean {
    return this.#isResting;
  }

  /** Called with every write that is not held back. */
  noteWrite(): void {
    if (this.#burstSince !== null) return;
    this.#burstSince = performance.now();
    // After the loop that hands one event to all, and then after what Node writes at the end of that.
    queueMicrotask(() => process.nextTick(this.#endBurst));
  }

  /** `held` is flushed at the end of the rest. */
  hold(held: Held): void {
    this.#held.push(held);
  }

  #endRest(): void {
    this.#isResting = false;
    if (this.#held.length === 0) return;
    this.noteWrite();
    for (const held of this.#held.splice(0)) held.flush();
  }
}
