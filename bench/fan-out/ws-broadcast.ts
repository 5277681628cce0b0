/** The `ws` package alone: texts of the same length as ours, to all sockets, and nothing else. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { Side, SideEnvironment } from "../harness/side.ts";
import { type Broadcaster, broadcastSide, firstState, ID } from "./broadcast.ts";
import type { FanOut } from "./fan-out.ts";

const COMPLETE = JSON.stringify({ id: ID, type: "complete" });

function nextText(state: string): string {
  return `{"id":"${ID}","type":"next","payload":${state}}`;
}

export async function wsBroadcastSide(environment: SideEnvironment, fanOut: FanOut): Promise<Side> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  server.on("connection", (socket) => {
    socket.once("message", () => {
      socket.send(JSON.stringify({ type: "connection_ack" }));
      socket.once("message", () => socket.send(nextText(firstState())));
    });
  });
  const broadcast = (text: string) => {
    for (const socket of server.clients) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    }
  };
  const broadcaster: Broadcaster = {
    port: (server.address() as AddressInfo).port,
    tell: (state) => broadcast(nextText(state)),
    end: () => broadcast(COMPLETE),
    close: () => server.close(),
  };
  return broadcastSide(environment, fanOut, broadcaster);
}
