/** A web server that does to its callers what the worst do, one way a path. */
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { createGzip } from "node:zlib";

const MEBI = 1024 * 1024;
const BOMB_BYTES = 200 * MEBI;
const DRIP_MS = 100;

/** Zeros: 200 MiB of them are 200 kB as gzip. */
async function bomb(): Promise<Buffer> {
  const gzip = createGzip();
  const chunks: Buffer[] = [];
  gzip.on("data", (chunk: Buffer) => chunks.push(chunk));
  const zeros = Buffer.alloc(MEBI);
  for (let sent = 0; sent < BOMB_BYTES; sent += MEBI) {
    if (!gzip.write(zeros)) await once(gzip, "drain");
  }
  gzip.end();
  await once(gzip, "end");
  return Buffer.concat(chunks);
}

/** A byte now and then, for ever. */
function drip(request: IncomingMessage, write: () => unknown): void {
  const timer = setInterval(write, DRIP_MS);
  request.socket.once("close", () => clearInterval(timer));
}

/** As much as the caller takes, up to what the bomb would be. */
function flood(response: ServerResponse, chunk: Buffer): void {
  let left = BOMB_BYTES;
  const write = () => {
    while (left > 0 && !response.destroyed) {
      left -= chunk.length;
      if (!response.write(chunk)) return void response.once("drain", write);
    }
    response.end();
  };
  write();
}

const WAYS: Readonly<Record<string, (bombed: Buffer) => RequestListener>> = {
  // The only one that means well: as much as is kept of the others.
  friendly: () => (_request, response) => response.end("x".repeat(64 * 1024)),
  silent: () => () => undefined,
  "slow-headers": () => (request) => {
    const { socket } = request;
    socket.write("HTTP/1.1 200 OK\r\nx-slow: ");
    drip(request, () => socket.write("a"));
  },
  "slow-body": () => (request, response) => {
    response.writeHead(200).flushHeaders();
    drip(request, () => response.write("a"));
  },
  "gzip-bomb": (bombed) => (_request, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end(bombed);
  },
  flood: () => (_request, response) => flood(response, Buffer.alloc(MEBI, "x")),
  reset: () => (request, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write("half", () => request.socket.resetAndDestroy());
  },
  loop: () => (request, response) => {
    response.writeHead(302, { location: request.url ?? "" }).end();
  },
  "for-years": () => (_request, response) => {
    response.writeHead(503, { "retry-after": "315360000" }).end();
  },
};

export interface HostileWebServer {
  url(way: string): string;
  /** By the ways, how often each was called. */
  readonly calls: ReadonlyMap<string, number>;
  close(): void;
}

export async function hostileWebServer(): Promise<HostileWebServer> {
  const bombed = await bomb();
  const ways = new Map(Object.entries(WAYS).map(([way, make]) => [way, make(bombed)]));
  const calls = new Map<string, number>();
  const server = createServer((request, response) => {
    const way = (request.url ?? "").slice(1);
    calls.set(way, (calls.get(way) ?? 0) + 1);
    ways.get(way)?.(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: (way) => `http://127.0.0.1:${port}/${way}`,
    calls,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
