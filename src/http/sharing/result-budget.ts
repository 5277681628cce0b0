/** Bounds what groups remember, together: a thousand groups with a megabyte each are a gigabyte. */

/** What can forget its results. They are executed again if somebody still asks. */
export interface Forgetful {
  forget(): void;
}

export class ResultBudget {
  readonly #maxBytes: number;
  /** Least recently added to first. */
  readonly #kept = new Map<Forgetful, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `owner` now keeps `bytes`; the others that did so longest ago forget theirs if it is too much. */
  keep(owner: Forgetful, bytes: number): void {
    this.release(owner);
    this.#kept.set(owner, bytes);
    this.#bytes += bytes;
    for (const other of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes || other === owner) return;
      this.release(other);
      other.forget();
    }
  }

  /** `owner` keeps nothing any more. */
  release(owner: Forgetful): void {
    this.#bytes -= this.#kept.get(owner) ?? 0;
    this.#kept.delete(owner);
  }
}
