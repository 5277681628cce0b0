/** A loop that is woken by signals, acts at its own pace, and polls as a floor. */
import type { Logger } from "pino";
import type { Service } from "./service.ts";

export interface PacedLoopOptions {
  readonly name: string;
  readonly log: Logger;
  /** The longest pause between two rounds, in milliseconds. */
  readonly floorMs: number;
  /** The longest pause after an error, in milliseconds; 5,000 if left out. */
  readonly errorPauseMaxMs?: number;
  /** One round. Resolves to the pause after it, if shorter than the floor. */
  readonly act: () => Promise<number | null>;
}

/** Not longer than this after an error, whatever the floor. */
const ERROR_PAUSE_MAX_MS = 5_000;

/**
 * Rounds never overlap. A wake-up during a round causes one more right after it, however many come.
 * The floor carries ±10 % jitter, so that a fleet does not poll in step. A round that throws is
 * logged and tried again after a pause that doubles from 100 ms.
 */
export class PacedLoop implements Service {
  readonly #options: PacedLoopOptions;
  #timer: NodeJS.Timeout | null = null;
  #dueAt: number | null = null;
  #round: Promise<void> | null = null;
  #woken = false;
  #running = false;
  #failures = 0;

  constructor(options: PacedLoopOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.wake();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#clearTimer();
    await this.#round;
  }

  wake(): void {
    if (!this.#running) return;
    if (this.#round !== null) {
      this.#woken = true;
      return;
    }
    this.#clearTimer();
    this.#round = this.#runRounds();
  }

  /** Makes sure that a round begins within `delayMs`. */
  wakeIn(delayMs: number): void {
    // A round that is under way may already have looked: it is followed by another.
    if (delayMs <= 0 || this.#round !== null) this.wake();
    else if (this.#dueAt === null || this.#dueAt > performance.now() + delayMs) {
      this.#sleep(delayMs);
    }
  }

  async #runRounds(): Promise<void> {
    let pauseMs = 0;
    do {
      this.#woken = false;
      pauseMs = await this.#runRound();
    } while (this.#running && (this.#woken || pauseMs <= 0));
    // In the same step as the last look at #woken: a wake-up cannot fall between.
    this.#round = null;
    this.#sleep(pauseMs);
  }

  async #runRound(): Promise<number> {
    const floor = this.#options.floorMs * (0.9 + Math.random() * 0.2);
    try {
      const asked = await this.#options.act();
      this.#failures = 0;
      return asked === null ? floor : Math.min(asked, floor);
    } catch (error) {
      this.#failures += 1;
      const { log, name, errorPauseMaxMs = ERROR_PAUSE_MAX_MS } = this.#options;
      const pauseMs = Math.min(100 * 2 ** (this.#failures - 1), errorPauseMaxMs);
      log.error({ err: error, loop: name, pauseMs }, `${name} failed, trying again`);
      return pauseMs;
    }
  }

  #sleep(delayMs: number): void {
    this.#clearTimer();
    if (!this.#running) return;
    this.#dueAt = performance.now() + delayMs;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#dueAt = null;
      this.wake();
    }, delayMs);
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#dueAt = null;
  }
}
