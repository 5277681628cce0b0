/**
 * Answers whose requests came over one connection behind others, and wait for their turn on it
 * (HTTP/1.1 pipelining). Node does not tell them when that connection ends: fifty subscriptions that
 * were sent in one go kept 49 places until the server's end.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

export class QueuedAnswers {
  readonly #bySocket = new WeakMap<Socket, Set<ServerResponse>>();

  /** Closes `response` with its connection, if it has to wait for its turn there. */
  watch(socket: Socket, response: ServerResponse): void {
    if (response.socket !== null) return;
    const queued = this.#bySocket.get(socket) ?? this.#begin(socket);
    queued.add(response);
    // Its turn has come: from here on Node tells it.
    response.once("socket", () => queued.delete(response));
  }

  #begin(socket: Socket): Set<ServerResponse> {
    const queued = new Set<ServerResponse>();
    this.#bySocket.set(socket, queued);
    socket.once("close", () => {
      for (const response of queued) {
        response.destroy();
        response.emit("close");
      }
    });
    return queued;
  }
}
