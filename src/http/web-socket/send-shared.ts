/** Sends a shared subscription's results over a WebSocket: one text for all, a frame for each. */
import { deliver, type Outlet } from "../sharing/deliver.ts";
import type { Pace } from "../sharing/pace.ts";
import type { SharedResult } from "../sharing/shared-result.ts";
import type { SharedStream } from "../sharing/shared-stream.ts";
import type { SocketWriter } from "./socket-writer.ts";

const END = Buffer.from("}");

/**
 * For graphql-ws, in the place of the stream: it yields nothing, since graphql-ws would serialise each
 * result again, and ends as the stream does.
 *
 * @param id of the subscription, as the client named it
 */
export function sendShared(
  stream: SharedStream,
  id: string,
  writer: SocketWriter,
): AsyncIterableIterator<never> {
  return {
    async next() {
      await deliver(stream, new SubscriptionOutlet(id, writer));
      return OVER;
    },
    async return() {
      await stream.return();
      return OVER;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Other operations of the same socket write there, too. */
class SubscriptionOutlet implements Outlet {
  readonly #head: Buffer;
  readonly #writer: SocketWriter;

  constructor(id: string, writer: SocketWriter) {
    this.#head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
    this.#writer = writer;
  }

  get isBehind(): boolean {
    return this.#writer.isBehind;
  }

  whenTaken(): Promise<void> {
    return this.#writer.whenTaken();
  }

  write({ bytes }: SharedResult, pace: Pace): void {
    this.#writer.write([this.#head, bytes, END], pace);
  }
}

const OVER: IteratorReturnResult<undefined> = { value: undefined, done: true };
