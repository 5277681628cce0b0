/** What happened, in order: as a number to compare two runs by, and its last lines to read. */

const LINES_KEPT = 400;

export class Trace {
  #hash = 0x811c9dc5;
  readonly #lines: string[] = [];

  add(line: string): void {
    let hash = this.#hash;
    for (let n = 0; n < line.length; n += 1) {
      hash = Math.imul(hash ^ line.charCodeAt(n), 0x01000193);
    }
    this.#hash = hash;
    this.#lines.push(line);
    if (this.#lines.length > 2 * LINES_KEPT) this.#lines.splice(0, LINES_KEPT);
  }

  /** FNV-1a of all lines. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  get last(): readonly string[] {
    return this.#lines.slice(-LINES_KEPT);
  }
}
