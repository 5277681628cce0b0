/** PostgreSQL's wire protocol between pg and the worker that runs PGlite: a socket without a network. */
import { Duplex } from "node:stream";

/**
 * The stream that pg's Client is given. pg sends one request at a time and all of its messages in one
 * write, up to the Sync that ends it: that is what the worker needs to answer.
 */
export class EmbeddedStream extends Duplex {
  readonly #send: (bytes: Uint8Array<ArrayBuffer>) => void;

  constructor(send: (bytes: Uint8Array<ArrayBuffer>) => void) {
    super();
    this.#send = send;
  }

  /** What the worker answered. */
  receive(bytes: Uint8Array): void {
    this.push(bytes);
  }

  connect(): this {
    process.nextTick(() => this.emit("connect"));
    return this;
  }

  /** As of a socket: pg calls it. */
  setNoDelay(): this {
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this._writev([{ chunk }], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    // In memory of its own, which can be handed over: a message with a view copies all of its buffer.
    const bytes = new Uint8Array(chunks.reduce((sum, { chunk }) => sum + chunk.length, 0));
    let offset = 0;
    for (const { chunk } of chunks) {
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
    this.#send(bytes);
    done();
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }
}
