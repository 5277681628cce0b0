/** Ties one WebSocket to the graphql-ws protocol: messages in, messages out, signs of life. */
import { CloseCode, type Server } from "graphql-ws";
import type { Logger } from "pino";
import { WebSocket } from "ws";
import { markLossyNumbers } from "../lossy-numbers.ts";
import type { SocketSession } from "./socket-session.ts";

/** A client that does not answer a ping before the next one is gone, or takes nothing any more. */
const PING_EVERY_MS = 12_000;

/**
 * What may wait for a client to take it. Streams wait by themselves; answers to what a client sends
 * do not: 60 KB pings, answered and never read, filled 1.7 GB in 12 seconds.
 */
const UNREAD_BYTES_MAX = 16 * 1_024 * 1_024;

/**
 * In the place of graphql-ws's own adapter for ws, which prints every broken frame to the console
 * and closes the whole socket with a code that stops clients for good when one message fails.
 */
export function openSocket(
  protocol: Server<SocketSession>,
  session: SocketSession,
  log: Logger,
): void {
  const { socket } = session;
  // Broken frames and messages that are too large: ws closes with the right code by itself.
  socket.on("error", (error) => log.debug({ err: error, req: session.id }, "a WebSocket failed"));
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (data) => send(socket, data),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) => {
        socket.on("message", (data) => {
          if (socket.bufferedAmount > UNREAD_BYTES_MAX) return socket.terminate();
          handle(markLossyNumbers(String(data))).catch((error) => failMessage(session, error, log));
        });
      },
    },
    session,
  );
  socket.on("ping", () => {
    if (socket.bufferedAmount > UNREAD_BYTES_MAX) socket.terminate();
  });
  const stopPings = keepAlive(socket);
  socket.once("close", (code, reason) => {
    stopPings();
    Promise.resolve(closed(code, String(reason))).catch((error) =>
      log.error({ err: error, req: session.id }, "a WebSocket's subscriptions did not end cleanly"),
    );
  });
}

/** Resolves once the message is handed to the system: the next event of a stream waits for it. */
function send(socket: WebSocket, data: string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== WebSocket.OPEN) return resolve();
    // A failed write means that the socket closes, which ends its subscriptions.
    socket.send(data, () => resolve());
  });
}

/** Operations catch their own errors, so what arrives here is a message that is out of order. */
function failMessage({ socket, id }: SocketSession, error: unknown, log: Logger): void {
  log.warn({ err: error, req: id }, "a WebSocket message was refused");
  socket.close(CloseCode.BadRequest, "Invalid message received");
}

function keepAlive(socket: WebSocket): () => void {
  let answered = true;
  socket.on("pong", () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) {
      socket.terminate();
      return;
    }
    answered = false;
    socket.ping();
  }, PING_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
