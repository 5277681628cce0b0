/**
 * Everything that goes out on one WebSocket, and what becomes of a client that does not take it.
 *
 * Frames of text are written to the connection itself, in one piece: `ws` writes each in two. It goes on
 * writing what it has to say by itself (pings, pongs, the closing frame), whole and at once as well,
 * because nothing here is compressed, so that all come in the order of their calls.
 */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { Pace } from "../sharing/pace.ts";
import { PacedWrites } from "../sharing/paced-writes.ts";
import { textFrame } from "./text-frame.ts";

/** A client that takes nothing for this long is gone or stuck; it will come back if it lives. */
const STALLED_AFTER_MS = 30_000;

/**
 * What may wait besides the largest message. Shared streams wait by themselves; answers to what a
 * client sends do not: 60 KB pings, answered and never read, filled 1.7 GB in 12 seconds.
 */
const UNREAD_BYTES_MAX = 1_024 * 1_024;

/** "Try again later": clients of graphql-ws come back after it, with a delay of their own. */
export const CLOSE_OVERLOADED = 1013;

/** For what waits before the closing frame, and for the answer to it. */
const CLOSE_MS = 5_000;

export interface SocketWriterOptions {
  readonly stalledAfterMs?: number;
  /** Called once, when the client is given up. */
  readonly onGivenUp: (reason: string) => void;
}

export class SocketWriter {
  readonly #socket: WebSocket;
  readonly #connection: Duplex;
  readonly #stalledAfterMs: number;
  readonly #onGivenUp: (reason: string) => void;
  readonly #writes = new PacedWrites((bytes) => this.#put(bytes));
  readonly #onTaken = () => this.#taken();
  /** Writes that we will be told of when the system has taken them. */
  #pending = 0;
  /** Of the frames that may wait. */
  #largest = 0;
  #waiting: (() => void)[] = [];
  #watch: NodeJS.Timeout | null = null;
  #isGivenUp = false;

  /** @param connection that `socket` was made of */
  constructor(socket: WebSocket, connection: Duplex, options: SocketWriterOptions) {
    this.#socket = socket;
    this.#connection = connection;
    this.#stalledAfterMs = options.stalledAfterMs ?? STALLED_AFTER_MS;
    this.#onGivenUp = options.onGivenUp;
    socket.once("close", () => this.#release());
  }

  /** True once the client was told to come back later: what it still sends is not worth an answer. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Something waits for the client to take it. */
  get isBehind(): boolean {
    return this.#connection.writableLength > 0;
  }

  /**
   * Sends a text message, or drops it if the socket is closing, which ends its subscriptions.
   *
   * @param pace while it rests, the message waits for those that follow
   */
  write(parts: readonly Buffer[], pace: Pace | null = null): void {
    if (this.#socket.readyState !== WebSocket.OPEN || this.giveUpIfOverfull()) return;
    this.#writes.write(textFrame(parts), pace);
  }

  /** Like `write`; resolves once the system has taken the message, or the socket is closed. */
  send(message: string): Promise<void> {
    this.write([Buffer.from(message)]);
    return this.whenTaken();
  }

  /** Resolves once everything was taken, or the socket is closed. */
  whenTaken(): Promise<void> {
    if (!this.isBehind || this.#socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    // What waits may be the library's alone.
    if (this.#pending === 0 && this.#connection.writable) this.#writeTold(NOTHING);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Also counts what the library answers by itself. True if the client is given up. */
  giveUpIfOverfull(): boolean {
    if (!this.#isGivenUp && this.#connection.writableLength > UNREAD_BYTES_MAX + this.#largest) {
      this.#giveUp("Too much waits to be read; come back later");
    }
    return this.#isGivenUp;
  }

  #put(bytes: Buffer): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.isBehind) {
      this.#largest = Math.max(this.#largest, bytes.length);
      this.#writeTold(bytes);
      return;
    }
    this.#largest = bytes.length;
    // Nearly always the system takes it at once, and to be told of that would be work for nothing.
    this.#connection.write(bytes);
    if (this.isBehind) this.#writeTold(NOTHING);
  }

  /** `#taken` is called once the system has taken this and all before it, which wait already. */
  #writeTold(bytes: Buffer): void {
    this.#pending += 1;
    this.#connection.write(bytes, this.#onTaken);
    this.#watchOver();
  }

  #taken(): void {
    this.#pending -= 1;
    if (this.#pending > 0) this.#watch?.refresh();
    else this.#release();
  }

  #release(): void {
    this.#pending = 0;
    this.#largest = 0;
    if (this.#watch !== null) clearTimeout(this.#watch);
    this.#watch = null;
    if (this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #watchOver(): void {
    if (this.#isGivenUp) return;
    this.#watch ??= setTimeout(
      () => this.#giveUp("Nothing was read for too long; come back later"),
      this.#stalledAfterMs,
    ).unref();
  }

  #giveUp(reason: string): void {
    this.#isGivenUp = true;
    this.#onGivenUp(reason);
    this.#socket.close(CLOSE_OVERLOADED, reason);
    const cut = setTimeout(() => this.#socket.terminate(), CLOSE_MS).unref();
    this.#socket.once("close", () => clearTimeout(cut));
  }
}

/** Marks a place among what waits. */
const NOTHING = Buffer.alloc(0);
