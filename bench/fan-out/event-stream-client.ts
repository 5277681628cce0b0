/** A watcher's side of an event stream. */
import type { Socket } from "node:net";
import { EventCounter } from "./event-counter.ts";
import { bodyAfterHead } from "./response-head.ts";
import type { Client, Watch } from "./watcher.ts";

export class EventStreamClient implements Client {
  readonly #counter = new EventCounter();
  #isOpen = false;

  constructor(socket: Socket, watch: Watch) {
    socket.write(request(watch));
  }

  get states(): number {
    return this.#counter.states;
  }

  get isTold(): boolean {
    return this.#counter.isTold;
  }

  feed(chunk: Buffer): void {
    this.#counter.feed(this.#isOpen ? chunk : bodyAfterHead(chunk, 200));
    this.#isOpen = true;
  }
}

function request({ query, id }: Watch): string {
  const body = JSON.stringify({ query, variables: { id } });
  const lines = [
    "POST /graphql HTTP/1.1",
    "Host: 127.0.0.1",
    "Accept: text/event-stream",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}
