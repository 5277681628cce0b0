/**
 * Counts the events of a stream without reading them, as the body of an HTTP answer in chunks: their
 * lengths stand between events, or between an event's lines, and are skipped like all that is no event.
 */

/** What an event begins with; the letter after it tells a state ("next") from the end ("complete"). */
const MARK = Buffer.from("event: ");
const NEXT = "n".charCodeAt(0);
const FINAL = '"COMPLETED"';

export class EventCounter {
  states = 0;
  isTold = false;
  /** From the last event on: the next bytes may go on with it. */
  #last: Buffer = Buffer.alloc(0);
  /** Of it has been looked at. */
  #seen = 0;

  /** The next bytes that came, cut anywhere. @throws Error if the end comes before the final state */
  feed(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#last, chunk]);
    let begin = 0;
    let seen = this.#seen;
    for (;;) {
      const at = bytes.indexOf(MARK, seen);
      const letter = at < 0 ? undefined : bytes[at + MARK.length];
      if (letter === undefined) break;
      if (letter === NEXT) this.states += 1;
      else this.#end(bytes.subarray(begin, at));
      begin = at;
      seen = at + MARK.length;
    }
    this.#last = bytes.subarray(begin);
    this.#seen = Math.max(seen, bytes.length - MARK.length) - begin;
  }

  #end(lastState: Buffer): void {
    if (!lastState.includes(FINAL)) throw new Error("a stream ended without the final state");
    this.isTold = true;
  }
}
