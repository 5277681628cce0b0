/** A watcher's side of a WebSocket, in the protocol graphql-transport-ws. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { FrameCounter } from "./frame-counter.ts";
import { bodyAfterHead } from "./response-head.ts";
import type { Client, Watch } from "./watcher.ts";

/** Masked, as clients must; ours to a ping that said nothing says nothing either. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

export class WebSocketClient implements Client {
  readonly #socket: Socket;
  readonly #watch: Watch;
  readonly #counter = new FrameCounter();
  #isOpen = false;
  #isSubscribed = false;

  constructor(socket: Socket, watch: Watch) {
    this.#socket = socket;
    this.#watch = watch;
    this.#counter.onPing = () => socket.write(PONG);
    socket.write(handshake());
  }

  get states(): number {
    return this.#counter.states;
  }

  get isTold(): boolean {
    // The first is the acknowledgement of the connection.
    return this.#counter.others > 1;
  }

  feed(chunk: Buffer): void {
    this.#counter.feed(this.#isOpen ? chunk : this.#begin(chunk));
    // What comes before the acknowledgement of the connection is refused.
    if (!this.#isSubscribed && this.#counter.others > 0) this.#subscribe();
  }

  #begin(chunk: Buffer): Buffer {
    const frames = bodyAfterHead(chunk, 101);
    this.#isOpen = true;
    this.#socket.write(frame({ type: "connection_init" }));
    return frames;
  }

  #subscribe(): void {
    this.#isSubscribed = true;
    const { query, id } = this.#watch;
    const payload = { query, variables: { id } };
    this.#socket.write(frame({ id: randomUUID(), type: "subscribe", payload }));
  }
}

function handshake(): string {
  const key = randomBytes(16).toString("base64");
  const lines = [
    "GET /graphql HTTP/1.1",
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: graphql-transport-ws",
    `Sec-WebSocket-Key: ${key}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Clients must mask their frames; a mask of zeros leaves the text as it is. */
function frame(message: object): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  const head = Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, text]);
}
