/** What happens to messages on their way, by chance and by how bad the times are. */
import type { Random } from "../store/random.ts";

/** What becomes of one statement. */
export interface Fate {
  readonly goMs: number;
  readonly runMs: number;
  readonly backMs: number;
  /**
   * "before": the connection breaks before the commit; "after": after it, before the answer;
   * "silence": the answer never comes; "conflict": a serialization failure.
   */
  readonly fault: "none" | "before" | "after" | "silence" | "conflict";
}

/** Probabilities, by kind. */
export interface Weather {
  readonly before: number;
  readonly after: number;
  readonly silence: number;
  readonly conflict: number;
  /** A statement that takes up to two seconds. */
  readonly slow: number;
  /** An answer that takes up to two seconds. */
  readonly late: number;
  /** Of the bus. */
  readonly busLoss: number;
  readonly busTwice: number;
  readonly busLate: number;
  /** A turn is granted or refused without regard to the truth. */
  readonly lyingTurns: number;
}

export const CALM: Weather = {
  ...{ before: 0, after: 0, silence: 0, conflict: 0, slow: 0, late: 0 },
  ...{ busLoss: 0, busTwice: 0, busLate: 0, lyingTurns: 0 },
};

const SLOW_MS_MAX = 2_000;

export class Network {
  readonly random: Random;
  weather: Weather = CALM;

  constructor(random: Random) {
    this.random = random;
  }

  fate(): Fate {
    const { random, weather } = this;
    const { slow, late } = weather;
    return {
      goMs: this.#hop(),
      runMs: random.chance(slow) ? random.next() * SLOW_MS_MAX : 0.2 + random.next() * 2,
      backMs: random.chance(late) ? random.next() * SLOW_MS_MAX : this.#hop(),
      fault: this.#fault(),
    };
  }

  /** Delays after which a message of the bus arrives: none if it is lost, two if it is doubled. */
  arrivals(): number[] {
    const { random, weather } = this;
    if (random.chance(weather.busLoss)) return [];
    const times = random.chance(weather.busTwice) ? 2 : 1;
    return Array.from({ length: times }, () =>
      random.chance(weather.busLate) ? random.next() * SLOW_MS_MAX : this.#hop(),
    );
  }

  #hop(): number {
    return 0.1 + this.random.next();
  }

  #fault(): Fate["fault"] {
    const { before, after, silence, conflict } = this.weather;
    let draw = this.random.next();
    for (const [fault, chance] of Object.entries({ before, after, silence, conflict })) {
      if (draw < chance) return fault as Fate["fault"];
      draw -= chance;
    }
    return "none";
  }
}
