/** GraphQL over WebSocket on /graphql: who may connect, and what a stop does to those who are. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { makeServer } from "graphql-ws";
import type { Logger } from "pino";
import { type WebSocket, WebSocketServer } from "ws";
import { pathOf } from "../exchange.ts";
import type { GraphQLEngine } from "../graphql/graphql-engine.ts";
import type { SubscriptionGate } from "../graphql/subscription-gate.ts";
import type { HttpConfig } from "../options.ts";
import type { OriginPolicy } from "../origin-policy.ts";
import { openSocket } from "./open-socket.ts";
import { socketOperations } from "./socket-operations.ts";
import { SocketSession } from "./socket-session.ts";

export interface WebSocketOptions {
  readonly engine: GraphQLEngine;
  readonly gate: SubscriptionGate;
  readonly origins: OriginPolicy;
  readonly config: Pick<
    HttpConfig,
    "wsMessageMaxBytes" | "wsConnectionsMax" | "subscriptionsPerSocketMax"
  >;
  readonly log: Logger;
  readonly isRefusing: () => boolean;
}

export class GraphQLWebSockets {
  readonly #options: WebSocketOptions;
  readonly #server: WebSocketServer;
  readonly #sessions = new Set<SocketSession>();
  readonly #waiting: (() => void)[] = [];

  constructor(options: WebSocketOptions) {
    this.#options = options;
    const protocol = makeServer(
      socketOperations({
        ...options,
        operationsPerSocketMax: options.config.subscriptionsPerSocketMax,
      }),
    );
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: options.config.wsMessageMaxBytes,
      handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
    });
    this.#server.on("connection", (socket: WebSocket, request: IncomingMessage) => {
      const session: SocketSession = new SocketSession(socket, request, (reason) =>
        options.log.warn({ req: session.id, reason }, "a WebSocket's client does not keep up"),
      );
      this.#sessions.add(session);
      socket.once("close", () => {
        this.#sessions.delete(session);
        session.dispose();
        if (this.#sessions.size > 0) return;
        for (const resolve of this.#waiting.splice(0)) resolve();
      });
      openSocket(protocol, session, options.log);
    });
  }

  get sessions(): ReadonlySet<SocketSession> {
    return this.#sessions;
  }

  /** Resolves once no socket is open. */
  whenEmpty(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Takes over a connection that asks to become a WebSocket, or says why not and ends it. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const refusal = this.#refusal(request);
    if (refusal !== null) {
      refuseUpgrade(stream, refusal);
      return;
    }
    this.#server.handleUpgrade(request, stream, head, (socket) => {
      this.#server.emit("connection", socket, request);
    });
  }

  #refusal(request: IncomingMessage): Refusal | null {
    const { origins, config, isRefusing } = this.#options;
    if (pathOf(request.url ?? "") !== "/graphql") return NO_SOCKET_HERE;
    if (origins.isRefused(request)) return FOREIGN_ORIGIN;
    if (isRefusing()) return STOPPING;
    return this.#sessions.size >= config.wsConnectionsMax ? TOO_MANY : null;
  }
}

const PROTOCOL = "graphql-transport-ws";

interface Refusal {
  readonly status: string;
  readonly message: string;
}

const NO_SOCKET_HERE: Refusal = {
  status: "404 Not Found",
  message: "WebSockets are taken at /graphql.",
};
const FOREIGN_ORIGIN: Refusal = {
  status: "403 Forbidden",
  message:
    "This origin or host may not call the API; the server's operator can add it to CORS_ORIGINS.",
};
const STOPPING: Refusal = {
  status: "503 Service Unavailable",
  message: "This instance is stopping; try another one.",
};
const TOO_MANY: Refusal = {
  status: "503 Service Unavailable",
  message: "This instance has as many WebSockets open as it takes; try again later or elsewhere.",
};

function refuseUpgrade(stream: Duplex, { status, message }: Refusal): void {
  stream.once("error", () => stream.destroy());
  const head =
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n` +
    `Content-Length: ${Buffer.byteLength(message)}\r\n\r\n`;
  // A client that keeps its half open would hold up the server's stop.
  stream.end(head + message, () => stream.destroy());
}
