/** Ties one WebSocket to the graphql-ws protocol: messages in, messages out, signs of life. */
import { CloseCode, type Server } from "graphql-ws";
import type { Logger } from "pino";
import { markLossyNumbers } from "../lossy-numbers.ts";
import type { SocketSession } from "./socket-session.ts";

/** A client that does not answer a ping before the next one is gone, or takes nothing any more. */
const PING_EVERY_MS = 12_000;

/**
 * In the place of graphql-ws's own adapter for ws, which prints every broken frame to the console
 * and closes the whole socket with a code that stops clients for good when one message fails.
 */
export function openSocket(
  protocol: Server<SocketSession>,
  session: SocketSession,
  log: Logger,
): void {
  const { socket, writer } = session;
  // Broken frames and messages that are too large: ws closes with the right code by itself.
  socket.on("error", (error) => log.debug({ err: error, req: session.id }, "a WebSocket failed"));
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (data) => writer.send(data),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) => {
        socket.on("message", (data) => {
          if (writer.giveUpIfOverfull()) return;
          handle(markLossyNumbers(String(data))).catch((error) => failMessage(session, error, log));
        });
      },
    },
    session,
  );
  socket.on("ping", () => writer.giveUpIfOverfull());
  const stopPings = keepAlive(session);
  socket.once("close", (code, reason) => {
    stopPings();
    Promise.resolve(closed(code, String(reason))).catch((error) =>
      log.error({ err: error, req: session.id }, "a WebSocket's subscriptions did not end cleanly"),
    );
  });
}

/** Operations catch their own errors, so what arrives here is a message that is out of order. */
function failMessage({ socket, id }: SocketSession, error: unknown, log: Logger): void {
  log.warn({ err: error, req: id }, "a WebSocket message was refused");
  socket.close(CloseCode.BadRequest, "Invalid message received");
}

function keepAlive({ socket, writer }: SocketSession): () => void {
  let answered = true;
  socket.on("pong", () => {
    answered = true;
  });
  const timer = setInterval(() => {
    // A ping behind what waits is answered when that was read: the writer watches over it.
    if (writer.isBehind) return;
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
