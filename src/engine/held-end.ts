/** The end of a run that waits for what the run has logged, but not for long. */

/** A server that answers writes them sooner by far; a lock or a full disk must not hold up ends. */
const WAIT_MS = 2_000;
/** Also while the database is away: by then somebody else may have the job. */
const WAIT_MAX_MS = 15_000;

export class HeldEnd {
  readonly settled: Promise<void>;
  readonly #since = performance.now();
  readonly #timer: NodeJS.Timeout;
  #settle: () => void = () => {};

  /** @param onTimeUp is to settle it */
  constructor(onTimeUp: () => void) {
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#timer = setTimeout(onTimeUp, WAIT_MS);
  }

  /** The time begins anew: what keeps it waiting would keep the end itself from being written. */
  extend(): void {
    if (performance.now() - this.#since < WAIT_MAX_MS) this.#timer.refresh();
  }

  settle(): void {
    clearTimeout(this.#timer);
    this.#settle();
  }
}
