/** Everything that goes out on one WebSocket, and what becomes of a client that does not take it. */
import { WebSocket } from "ws";

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
  readonly #stalledAfterMs: number;
  readonly #onGivenUp: (reason: string) => void;
  readonly #onTaken = () => this.#taken();
  /** Frames whose last byte the system has not taken, as far as we were told. */
  #pending = 0;
  #largest = 0;
  #waiting: (() => void)[] = [];
  #watch: NodeJS.Timeout | null = null;
  #isGivenUp = false;

  constructor(socket: WebSocket, options: SocketWriterOptions) {
    this.#socket = socket;
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
    return this.#socket.bufferedAmount > 0;
  }

  /** Sends a text message, or drops it if the socket is closing, which ends its subscriptions. */
  write(message: string | Buffer): void {
    if (this.#socket.readyState !== WebSocket.OPEN || this.giveUpIfOverfull()) return;
    this.#largest = Math.max(this.#largest, message.length);
    this.#pending += 1;
    this.#socket.send(message, TEXT, this.#onTaken);
    if (this.isBehind) this.#watchOver();
  }

  /** Like `write`; resolves once the system has taken the message, or the socket is closed. */
  async send(message: string): Promise<void> {
    this.write(message);
    if (this.isBehind) await this.whenTaken();
  }

  /** Resolves once everything was taken, or the socket is closed. */
  whenTaken(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Also counts what the library answers by itself. True if the client is given up. */
  giveUpIfOverfull(): boolean {
    if (!this.#isGivenUp && this.#socket.bufferedAmount > UNREAD_BYTES_MAX + this.#largest) {
      this.#giveUp("Too much waits to be read; come back later");
    }
    return this.#isGivenUp;
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

const TEXT = { binary: false } as const;
