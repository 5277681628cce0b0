/** Runs the repair again and again, never twice at once. */

export interface RepairLoopOptions {
  /** From the end of one round to the begin of the next, at most; null: only when asked. */
  readonly intervalMs: number | null;
  /** One round. Must not reject. */
  readonly repair: () => Promise<void>;
}

/** The pause is 80 to 100 % of the interval, so that a fleet does not ask in step. */
export class RepairLoop {
  readonly #options: RepairLoopOptions;
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> | null = null;
  #again = false;
  #running = false;

  constructor(options: RepairLoopOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#sleep();
  }

  /** Resolves when no round is under way any more. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#clearTimer();
    await this.#round;
  }

  /** Begins a round now; after the one under way, which may already have looked. */
  now(): void {
    if (!this.#running) return;
    this.#again = true;
    if (this.#round !== null) return;
    this.#clearTimer();
    this.#round = this.#runRounds().finally(() => {
      this.#round = null;
      this.#sleep();
    });
  }

  async #runRounds(): Promise<void> {
    while (this.#again && this.#running) {
      this.#again = false;
      await this.#options.repair();
    }
  }

  #sleep(): void {
    const { intervalMs } = this.#options;
    if (!this.#running || intervalMs === null) return;
    const pauseMs = intervalMs * (0.8 + Math.random() * 0.2);
    this.#timer = setTimeout(() => this.now(), pauseMs).unref();
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
