/** How much of what is logged may wait in this process, over all attempts. */

/** Characters, of up to two bytes each; what one attempt may hold goes into it 25 times. */
const CHARS_MAX = 16 * 1024 * 1024;

export class LogRoom {
  #left: number;

  constructor(chars = CHARS_MAX) {
    this.#left = chars;
  }

  /** False if there is not so much. */
  take(chars: number): boolean {
    if (chars > this.#left) return false;
    this.#left -= chars;
    return true;
  }

  /** Takes it also where there is not so much: for a few short lines. */
  force(chars: number): void {
    this.#left -= chars;
  }

  give(chars: number): void {
    this.#left += chars;
  }
}
