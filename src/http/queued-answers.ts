/**
 * Requests that came over one connection in one go (HTTP/1.1 pipelining). Each begins when those before
 * it are answered, and in a round of the event loop in which none that had to wait, of any connection,
 * has begun: 20,000 of them that were begun at once kept the server busy for seconds after their client
 * had gone, and answered one after the other without a round between they kept all others waiting.
 *
 * Node does not tell those that wait when their connection ends: fifty subscriptions that were sent in
 * one go kept 49 places until the server's end.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Beyond that nothing more is read from the connection; what one read brought may be a few hundred. */
const QUEUED_MAX = 32;

interface Turn {
  readonly socket: Socket;
  readonly begin: () => void;
}

export class QueuedAnswers {
  /** Those behind another one of their connection. */
  readonly #bySocket = new WeakMap<Socket, Set<ServerResponse>>();
  /** The first of their connections: one of each at most. */
  readonly #next: Turn[] = [];
  #isBeginning = false;

  /** Calls `begin` when the turn of `response` has come: at once, or later, or never. */
  inTurn(socket: Socket, response: ServerResponse, begin: () => void): void {
    if (response.socket !== null) {
      begin();
      return;
    }
    const queued = this.#bySocket.get(socket) ?? this.#watch(socket);
    queued.add(response);
    if (queued.size > QUEUED_MAX) socket.pause();
    response.once("socket", () => {
      queued.delete(response);
      // From here on Node tells it of the connection's end.
      if (queued.size === QUEUED_MAX) socket.resume();
      this.#next.push({ socket, begin });
      this.#beginInNextRound();
    });
  }

  #beginInNextRound(): void {
    if (this.#isBeginning || this.#next.length === 0) return;
    this.#isBeginning = true;
    setImmediate(() => {
      this.#isBeginning = false;
      const turn = this.#next.shift();
      if (turn !== undefined && !turn.socket.destroyed) turn.begin();
      this.#beginInNextRound();
    });
  }

  #watch(socket: Socket): Set<ServerResponse> {
    const queued = new Set<ServerResponse>();
    this.#bySocket.set(socket, queued);
    // Node resumes it for each request that has been read, whoever paused it.
    socket.on("resume", () => {
      if (queued.size > QUEUED_MAX) socket.pause();
    });
    socket.once("close", () => {
      for (const response of queued) {
        response.destroy();
        response.emit("close");
      }
    });
    return queued;
  }
}
