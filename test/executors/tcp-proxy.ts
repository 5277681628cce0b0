/** Connections to a server that a test can cut. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface TcpProxy {
  /** The target's URL, with the proxy's host and port. */
  readonly url: string;
  /** By the port from which the server sees them. Destroy one to cut both of its sides. */
  readonly sockets: ReadonlyMap<number, Socket>;
  close(): Promise<void>;
}

export async function tcpProxy(targetUrl: string): Promise<TcpProxy> {
  const target = new URL(targetUrl);
  const sockets = new Map<number, Socket>();
  const proxy = createServer((inbound) => {
    const outbound = connect(Number(target.port), target.hostname);
    outbound.on("connect", () => sockets.set(outbound.localPort ?? 0, inbound));
    const cut = () => {
      inbound.destroy();
      outbound.destroy();
    };
    for (const socket of [inbound, outbound]) socket.on("error", cut).on("close", cut);
    inbound.pipe(outbound).pipe(inbound);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `${target.protocol}//127.0.0.1:${port}`,
    sockets,
    close: async () => {
      proxy.close();
      for (const socket of sockets.values()) socket.destroy();
    },
  };
}
