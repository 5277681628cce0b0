/** One who watches, on a connection of its own: the transport's client counts what comes. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Watch {
  readonly port: number;
  readonly query: string;
  readonly id: string;
}

/** What a transport says and counts. */
export interface Client {
  /** States that came, the first one included. */
  readonly states: number;
  /** Of the end. */
  readonly isTold: boolean;
  /** The next bytes that came, cut anywhere. @throws Error if the server refuses */
  feed(chunk: Buffer): void;
}

/** Asks for the subscription. */
export type OpenClient = (socket: Socket, watch: Watch) => Client;

export class Watcher {
  readonly client: Client;
  /** Resolves with the first state. */
  readonly joined: Promise<void>;
  /** Resolves when it has been told of the end. */
  readonly ended: Promise<void>;
  isCounting = false;
  readonly #socket: Socket;

  constructor(open: OpenClient, watch: Watch, onDelivery: () => void) {
    const socket = connect(watch.port, "127.0.0.1");
    this.#socket = socket;
    const client = open(socket, watch);
    this.client = client;
    const [joined, join] = promiseOf(socket);
    const [ended, end] = promiseOf(socket);
    this.joined = joined;
    this.ended = ended;
    socket.on("data", (chunk: Buffer) => {
      try {
        client.feed(chunk);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : undefined);
        return;
      }
      if (client.states > 0) join();
      if (this.isCounting) onDelivery();
      if (client.isTold) end();
    });
  }

  /** Resolves when the connection is gone. */
  async leave(): Promise<void> {
    if (this.#socket.closed) return;
    this.#socket.destroy();
    await once(this.#socket, "close");
  }
}

/** Rejects when the connection breaks before it is resolved. */
function promiseOf(socket: Socket): [Promise<void>, () => void] {
  let done = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    done = resolve;
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server closed a connection")));
  });
  // Whoever waits for it is told.
  promise.catch(() => {});
  return [promise, done];
}
