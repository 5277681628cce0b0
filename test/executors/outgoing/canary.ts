/** A server that nothing may reach: it counts the connections that it gets, and says nothing. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface Canary {
  readonly port: number;
  connections(): number;
}

/** @param host every address of this machine, if it is not given */
export async function canary(host?: string, port = 0): Promise<Canary> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket.on("error", () => undefined));
  });
  server.listen({ port, ...(host !== undefined && { host }) });
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}
