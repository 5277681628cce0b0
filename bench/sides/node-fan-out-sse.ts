/** Node's HTTP server alone: the same events as ours, to all responses, and nothing else. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Broadcaster, broadcastSide, firstState } from "../fan-out/broadcast.ts";
import { FAN_OUT_SSE } from "../fan-out/fan-out.ts";
import type { PrepareSide } from "../harness/side.ts";

const HEAD = { "content-type": "text/event-stream", "cache-control": "no-cache" };
const COMPLETE = Buffer.from("event: complete\ndata:\n\n");

/** Once for all of them, as bytes: Node would encode a text for each. */
function eventOf(state: string): Buffer {
  return Buffer.from(`event: next\ndata: ${state}\n\n`);
}

const prepare: PrepareSide = async (environment) => {
  const responses = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      response.writeHead(200, HEAD);
      response.write(eventOf(firstState()));
      responses.add(response);
    });
    response.once("close", () => responses.delete(response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const broadcaster: Broadcaster = {
    port: (server.address() as AddressInfo).port,
    tell: (state) => {
      const event = eventOf(state);
      for (const response of responses) response.write(event);
    },
    end: () => {
      for (const response of responses) response.end(COMPLETE);
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return broadcastSide(environment, FAN_OUT_SSE, broadcaster);
};

export default prepare;
