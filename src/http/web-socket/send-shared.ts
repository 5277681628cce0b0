/** Sends a shared subscription's results over a WebSocket: one text for all, a frame for each. */
import type { SharedStream } from "../sharing/shared-stream.ts";
import type { SocketWriter } from "./socket-writer.ts";

const END = Buffer.from("}");

/**
 * For graphql-ws, in the place of the stream: it yields nothing, since graphql-ws would serialise each
 * result again, and ends as the stream does. While the client is slow to take messages, events wait
 * where they are: in the bounded mailbox of their source, of which a newer state takes the place.
 *
 * @param id of the subscription, as the client named it
 */
export function sendShared(
  stream: SharedStream,
  id: string,
  writer: SocketWriter,
): AsyncIterableIterator<never> {
  const head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  let isOver = false;
  return {
    async next() {
      for (;;) {
        const step = await stream.next();
        // Other subscriptions of the same socket write, too.
        while (writer.isBehind && !isOver) await writer.whenTaken();
        if (step.done === true || isOver) return OVER;
        writer.write(Buffer.concat([head, step.value.bytes, END]));
        if (writer.isBehind) await writer.whenTaken();
      }
    },
    async return() {
      isOver = true;
      await stream.return();
      return OVER;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const OVER: IteratorReturnResult<undefined> = { value: undefined, done: true };
