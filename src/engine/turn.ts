/** Rounds of a service that one instance of the fleet is enough for. */
import type { Turns } from "../events/turns.ts";

export interface TurnOptions {
  readonly turns: Turns;
  readonly name: string;
  /** How often the service looks, in milliseconds. */
  readonly everyMs: number;
}

/** Of the time between two rounds: a holder that is late keeps its turn, one that died loses it soon. */
const TTL = 1.5;
/** Rounds that may be left to others before this instance goes ahead, whatever it is told. */
const ROUNDS_LEFT_MAX = 3;

export class Turn {
  readonly #options: TurnOptions;
  #wentAt = Number.NEGATIVE_INFINITY;

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** Runs `work` if it is this instance's turn, or has not been for too long; else null. */
  async go<T>(work: () => Promise<T>): Promise<T | null> {
    const { turns, name, everyMs } = this.#options;
    const overdue = performance.now() - this.#wentAt >= everyMs * ROUNDS_LEFT_MAX;
    if (!overdue && !(await turns.take(name, Math.ceil(everyMs * TTL)))) return null;
    this.#wentAt = performance.now();
    try {
      return await work();
    } catch (error) {
      turns.giveUp(name);
      throw error;
    }
  }
}
