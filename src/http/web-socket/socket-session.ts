/** One connected WebSocket, and what runs on it. */
import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import type { OperationOrigin } from "../options.ts";
import { SocketWriter } from "./socket-writer.ts";

/** "Service restart": clients of graphql-ws come back after it, with a delay of their own. */
export const CLOSE_RESTART = 1012;

/** A client that does not answer the closing of its socket within this is cut off. */
const CLOSE_HANDSHAKE_MS = 1_000;

export interface RunningOperation {
  readonly name: string;
  readonly startedAt: number;
  readonly isSubscription: boolean;
  /** Gives the place in the count of subscriptions back. */
  readonly leave: () => void;
}

export class SocketSession {
  readonly id = randomUUID();
  readonly socket: WebSocket;
  readonly writer: SocketWriter;
  readonly #request: IncomingMessage;
  readonly #gone = new AbortController();
  readonly #running = new Map<string, RunningOperation>();
  #closeWhenIdle: (() => void) | null = null;

  /** @param onGivenUp called when the client does not take what is sent to it */
  constructor(socket: WebSocket, request: IncomingMessage, onGivenUp: (reason: string) => void) {
    this.socket = socket;
    this.writer = new SocketWriter(socket, request.socket, { onGivenUp });
    this.#request = request;
    // One a subscription; how many there may be is bounded elsewhere.
    setMaxListeners(0, this.#gone.signal);
  }

  origin(connectionParams: Readonly<Record<string, unknown>> | undefined): OperationOrigin {
    return {
      transport: "websocket",
      requestId: this.id,
      headers: this.#request.headers,
      signal: this.#gone.signal,
      connectionParams: connectionParams ?? null,
    };
  }

  begin(id: string, operation: RunningOperation): void {
    this.#running.set(id, operation);
  }

  /** Undefined if it has ended already. */
  end(id: string): RunningOperation | undefined {
    const operation = this.#running.get(id);
    this.#running.delete(id);
    operation?.leave();
    // Not at once: the message that tells the client of the end goes out after this call, and a
    // mutation whose end the client did not hear of is sent again.
    if (this.#closeWhenIdle !== null) setImmediate(() => this.#closeIfIdle());
    return operation;
  }

  /**
   * Closes with `code` as soon as no query or mutation waits for its answer. Subscriptions are not
   * ended first: an ended one would not be taken up again on another instance.
   */
  closeWhenIdle(code: number, reason: string): void {
    this.#closeWhenIdle ??= () => {
      this.socket.close(code, reason);
      setTimeout(() => this.socket.terminate(), CLOSE_HANDSHAKE_MS).unref();
    };
    this.#closeIfIdle();
  }

  /** The socket is gone: nobody waits for anything here. */
  dispose(): void {
    this.#gone.abort();
    for (const id of [...this.#running.keys()]) this.end(id);
  }

  #closeIfIdle(): void {
    const isWaitedFor = [...this.#running.values()].some((operation) => !operation.isSubscription);
    if (!isWaitedFor) this.#closeWhenIdle?.();
  }
}
