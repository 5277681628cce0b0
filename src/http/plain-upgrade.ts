/** Requests that offer an upgrade we do not take: answered as if they had not. */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** True for what a WebSocket client sends. */
export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * Some HTTP clients (Java's, curl --http2) offer an upgrade to HTTP/2 with every first request, and
 * a server is free to answer it plainly. Node hands each of them to the upgrade listener once there
 * is one, so the request's head is put back onto the connection, without the offer.
 */
export function answerPlainly(
  server: Server,
  request: IncomingMessage,
  stream: Duplex,
  head: Buffer,
): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] ?? "";
    const value = request.rawHeaders[i + 1] ?? "";
    if (!/^(upgrade|http2-settings|connection)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  stream.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", stream);
}
