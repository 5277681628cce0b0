/**
 * Requests that came over one connection behind others whose answers are not complete (HTTP/1.1
 * pipelining). Their answers have to wait for their turn on it, and so do they: begun at once, 20,000
 * of them kept the server busy for seconds after their client had gone.
 *
 * Node does not tell those that wait when their connection ends: fifty subscriptions that were sent in
 * one go kept 49 places until the server's end.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Beyond that nothing more is read from the connection; what one read brought may be a few hundred. */
const QUEUED_MAX = 32;

export class QueuedAnswers {
  readonly #bySocket = new WeakMap<Socket, Set<ServerResponse>>();

  /** Calls `begin` when the turn of `response` has come: at once, or later, or never. */
  inTurn(socket: Socket, response: ServerResponse, begin: () => void): void {
    if (response.socket !== null) {
      begin();
      return;
    }
    const queued = this.#bySocket.get(socket) ?? this.#begin(socket);
    queued.add(response);
    if (queued.size > QUEUED_MAX) socket.pause();
    response.once("socket", () => {
      queued.delete(response);
      // From here on Node tells it of the connection's end.
      if (queued.size === QUEUED_MAX) readOn(socket);
      begin();
    });
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

/** Node may have stopped reading, too: its client takes no answers. */
function readOn(socket: Socket): void {
  if (socket.writableNeedDrain) socket.once("drain", () => readOn(socket));
  else socket.resume();
}
