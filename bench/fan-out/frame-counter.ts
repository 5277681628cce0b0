/** Counts the text messages of a WebSocket server, without reading them: the cheapest client there is. */

/** Shorter ones are not states but what the protocol says besides: acknowledgements, the end. */
const STATE_BYTES_MIN = 100;

export class FrameCounter {
  /** Messages that carry a state. */
  states = 0;
  /** Messages that do not. */
  others = 0;
  /** Called with each ping: who does not answer is taken for gone. */
  onPing: () => void = () => {};
  #skip = 0;
  #head: Buffer = Buffer.alloc(0);

  /** The next bytes that came; frames may be cut anywhere. Servers do not mask theirs. */
  feed(chunk: Buffer): void {
    let bytes = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    this.#head = Buffer.alloc(0);
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = bytes.subarray(skipped);
      if (bytes.length === 0) return;
      const size = sizeOf(bytes);
      if (size === null) {
        this.#head = bytes;
        return;
      }
      const opcode = (bytes[0] ?? 0) % 16;
      if (opcode === 1) this.#count(size.payload);
      else if (opcode === 9) this.onPing();
      this.#skip = size.head + size.payload;
    }
  }

  #count(payload: number): void {
    if (payload >= STATE_BYTES_MIN) this.states += 1;
    else this.others += 1;
  }
}

/** Null: the length has not all come. */
function sizeOf(bytes: Buffer): { head: number; payload: number } | null {
  const short = (bytes[1] ?? 0) & 127;
  const head = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < head) return null;
  if (head === 4) return { head, payload: bytes.readUInt16BE(2) };
  return { head, payload: head === 10 ? Number(bytes.readBigUInt64BE(2)) : short };
}
