/** Live sources whose first value may be long in coming. */

export interface QuietSource {
  /**
   * Opens the source, and resolves when it is: from then on nothing is missed, and `next` may wait for as
   * long as nothing happens. Resolves also when the source was ended meanwhile.
   *
   * @throws (rejects) why it cannot be opened
   */
  whenOpen(): Promise<void>;
}

export function isQuiet<Source extends object>(source: Source): source is Source & QuietSource {
  return "whenOpen" in source && typeof source.whenOpen === "function";
}
