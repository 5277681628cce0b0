/** The watchers of the fan-out, in a process of their own: 1,000 sockets that count what comes. */
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FrameCounter } from "../harness/frame-counter.ts";
import type { StartRemote } from "../harness/side.ts";

export const WATCHERS = 1_000;
/** More at once would fill the server's queue of connections. */
const CONNECT_AT_ONCE = 100;

export interface Watch {
  readonly port: number;
  readonly query: string;
  readonly id: string;
}

export interface Deliveries {
  /** From the first that any of them got to the last that all of them got. */
  readonly perSecond: number;
  readonly count: number;
}

/** Masked, as clients must; ours to a ping that said nothing says nothing either. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

class Watcher {
  readonly socket: Socket;
  readonly counter = new FrameCounter();
  readonly ended: Promise<void>;
  /** Resolves with the first state. */
  readonly joined: Promise<void>;
  isCounting = false;

  constructor({ port, query, id }: Watch, onDelivery: () => void) {
    this.socket = connect(port, "127.0.0.1");
    let join = () => {};
    let end = () => {};
    let isSubscribed = false;
    this.joined = new Promise((resolve, reject) => {
      join = resolve;
      this.socket.once("close", () => reject(new Error("the server closed a socket")));
    });
    this.ended = new Promise((resolve, reject) => {
      end = resolve;
      this.socket.once("close", () => reject(new Error("the server closed a socket")));
    });
    // Whoever waits for it is told.
    this.ended.catch(() => {});
    const payload = { query, variables: { id } };
    this.counter.onPing = () => this.socket.write(PONG);
    this.socket.write(handshake());
    this.socket.once("data", (data: Buffer) => {
      const rest = data.subarray(data.indexOf("\r\n\r\n") + 4);
      this.socket.on("data", (chunk: Buffer) => {
        this.counter.feed(chunk);
        if (!isSubscribed) {
          // What comes before the acknowledgement of the connection is refused.
          isSubscribed = true;
          this.socket.write(frame({ id: randomUUID(), type: "subscribe", payload }));
        }
        if (this.counter.states > 0) join();
        if (this.isCounting) onDelivery();
        // The first is the acknowledgement of the connection.
        if (this.counter.others > 1) end();
      });
      this.counter.feed(rest);
      this.socket.write(frame({ type: "connection_init" }));
    });
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

const start: StartRemote = async () => {
  const watchers: Watcher[] = [];
  let firstAt = 0;
  const onDelivery = () => {
    if (firstAt === 0) firstAt = performance.now();
  };

  return {
    /** Resolves when all of them have the state as it is. */
    join: async (watch: Watch) => {
      firstAt = 0;
      while (watchers.length < WATCHERS) {
        const some = Array.from({ length: CONNECT_AT_ONCE }, () => new Watcher(watch, onDelivery));
        watchers.push(...some);
        await Promise.all(some.map(({ joined }) => joined));
      }
      for (const watcher of watchers) watcher.isCounting = true;
    },
    /** Resolves when all of them have been told of the end. */
    deliveries: async (): Promise<Deliveries> => {
      await Promise.all(watchers.map(({ ended }) => ended));
      const seconds = (performance.now() - firstAt) / 1_000;
      let count = -WATCHERS;
      for (const { counter } of watchers) count += counter.states;
      for (const { socket } of watchers) socket.destroy();
      await Promise.all(watchers.splice(0).map(({ socket }) => once(socket, "close")));
      return { perSecond: count / seconds, count };
    },
    close: async () => {
      for (const { socket } of watchers) socket.destroy();
    },
  };
};

export default start;
