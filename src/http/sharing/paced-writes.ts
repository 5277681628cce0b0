/** One client's way out, on which a pace may hold messages back. */
import type { Held, Pace } from "./pace.ts";

/** What may be held back for one client: thousands of them may wait. Few messages are longer. */
const HELD_BYTES_MAX = 8_192;

export class PacedWrites implements Held {
  readonly #put: (bytes: Buffer) => void;
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** @param put writes at once, or drops what nobody will read */
  constructor(put: (bytes: Buffer) => void) {
    this.#put = put;
  }

  /** Null: at once, and what was held back before it. */
  write(bytes: Buffer, pace: Pace | null): void {
    if (pace?.isResting === true && this.#heldBytes + bytes.length <= HELD_BYTES_MAX) {
      if (this.#held.length === 0) pace.hold(this);
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      return;
    }
    pace?.noteWrite();
    this.flush();
    this.#put(bytes);
  }

  flush(): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    this.#heldBytes = 0;
    this.#put(Buffer.concat(held));
  }
}
