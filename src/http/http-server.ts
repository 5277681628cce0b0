/** The server's one port: GraphQL over HTTP, SSE and WebSocket, health, pages; and its way to stop. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { artifactRoute } from "./artifacts/artifact-route.ts";
import { endSpread } from "./end-live-clients.ts";
import { GraphQLDoor, noApiRoute } from "./graphql-door.ts";
import { healthRoute, readyRoute } from "./health-routes.ts";
import { listen, localUrl } from "./listen.ts";
import type { HttpServerOptions } from "./options.ts";
import { OriginPolicy } from "./origin-policy.ts";
import { answerPlainly, isWebSocketUpgrade } from "./plain-upgrade.ts";
import { RequestHandler } from "./request-handler.ts";
import { type Route, RouteTable } from "./route.ts";
import { startPageRoute } from "./start-page.ts";

export interface StopOptions {
  /**
   * How long requests in flight may take to end, counted from the call; 10,000 if not given. After the
   * moment in which new ones are still taken they have a second at least, unless it is less than that.
   */
  readonly graceMs?: number;
  /** What else has to end first: until then new operations get 503, and health is told to who asks. */
  readonly until?: Promise<unknown>;
}

const LAST_REQUESTS_MS = 1_000;

const TIMEOUTS = {
  /** A whole request, body included: 32 MiB at 300 kB/s. */
  requestTimeout: 120_000,
  headersTimeout: 60_000,
  /** Longer than the 60 s after which load balancers drop idle connections: theirs to close first. */
  keepAliveTimeout: 65_000,
};

export function createHttpServer(options: HttpServerOptions): HttpServer {
  return new HttpServer(options);
}

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  /** Null: this instance has no API. */
  readonly #graphql: GraphQLDoor | null;
  readonly #requests: RequestHandler;
  readonly #connections = new Set<Duplex>();
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  /** It was given requests of a server that is not ours. */
  #isMounted = false;
  #drainingSince: number | null = null;
  #isRefusing = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { schema, log } = options;
    this.#graphql =
      schema === null ? null : new GraphQLDoor(schema, options, () => this.#isRefusing);
    this.#requests = new RequestHandler(new RouteTable(this.#routes()), log);
    this.#server = createServer(TIMEOUTS, (request, response) =>
      this.#requests.handle(request, response),
    );
    this.#server.on("connection", (stream: Duplex) => this.#trackConnection(stream));
    this.#server.on("upgrade", (request, stream, head) => this.#upgrade(request, stream, head));
  }

  /** Where a browser on this machine finds the server: "http://127.0.0.1:8080". Once started. */
  get url(): string {
    return localUrl(this.#options.config.host, this.port);
  }

  get port(): number {
    const address = this.#server.address() as AddressInfo | null;
    if (address === null) throw new Error("the HTTP server does not listen");
    return address.port;
  }

  /** Live subscriptions of both transports. */
  get subscriptionCount(): number {
    return this.#graphql?.subscriptionCount ?? 0;
  }

  /** Kinds of subscriptions that share their executions now. */
  get sharedGroupCount(): number {
    return this.#graphql?.sharedGroupCount ?? 0;
  }

  /** Resolves when the port is open. @throws OperatorError if it cannot be opened */
  start(): Promise<void> {
    const { host, port } = this.#options.config;
    this.#starting ??= this.#stopping ?? listen(this.#server, port, host);
    return this.#starting;
  }

  /** Answers a request of somebody else's server, which may be all there are: `start` opens a port of ours. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#isMounted = true;
    this.#requests.handle(request, response);
  }

  /** As `handle`, for what that server emits as "upgrade". */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.#isMounted = true;
    this.#upgrade(request, stream, head);
  }

  /** From now on /readyz says 503, so that load balancers look elsewhere; all else goes on. */
  drain(): void {
    this.#drainingSince ??= performance.now();
  }

  /**
   * Drains, refuses new operations after the configured moment, lets those in flight end, sends live
   * clients elsewhere, and closes everything. Resolves when no connection is left.
   */
  stop(options: StopOptions = {}): Promise<void> {
    this.drain();
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  async #stop({ graceMs = 10_000, until }: StopOptions): Promise<void> {
    const hasStarted = await this.#hasStarted();
    if (hasStarted || this.#isMounted) {
      await delay(Math.max(0, this.#options.config.drainDelayMs - this.#drainingForMs()));
      this.#isRefusing = true;
      const left = graceMs - this.#drainingForMs();
      await this.#endRequests(Math.max(left, Math.min(graceMs, LAST_REQUESTS_MS)));
      // Whose it is hears of its failure.
      await until?.catch(() => undefined);
    }
    if (hasStarted) await this.#close();
    await this.#graphql?.dispose();
  }

  async #hasStarted(): Promise<boolean> {
    await this.#starting?.catch(() => undefined);
    return this.#server.listening;
  }

  /** Subscriptions are not ended, their connections are: an ended one would not be taken up again. */
  async #endRequests(graceMs: number): Promise<void> {
    const grace = new AbortController();
    const deadline = delay(graceMs, undefined, { signal: grace.signal }).catch(() => undefined);
    const finished = Promise.all([this.#endLiveClients(graceMs), this.#requests.whenIdle()]);
    await Promise.race([finished, deadline]);
    grace.abort();
  }

  async #endLiveClients(graceMs: number): Promise<void> {
    const streams = [...this.#requests.open].filter((exchange) => exchange.isStream);
    await endSpread(
      [
        ...streams.map((exchange) => () => void exchange.response.destroy()),
        ...(this.#graphql?.socketEndings() ?? []),
      ],
      graceMs,
    );
    await this.#graphql?.whenSocketsClosed();
  }

  #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const stream of this.#connections) stream.destroy();
    return closed;
  }

  #drainingForMs(): number {
    return performance.now() - (this.#drainingSince ?? performance.now());
  }

  #trackConnection(stream: Duplex): void {
    this.#connections.add(stream);
    stream.once("close", () => this.#connections.delete(stream));
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    if (this.#graphql !== null && isWebSocketUpgrade(request)) {
      this.#graphql.upgrade(request, stream, head);
    } else answerPlainly(this.#server, request, stream, head);
  }

  #routes(): Route[] {
    const { config, readiness, log, routes = [], version = null, about = null } = this.#options;
    const hasApi = this.#graphql !== null;
    return [
      healthRoute(),
      readyRoute(readiness, () => this.#drainingSince !== null, log),
      startPageRoute({ hasApi, graphiql: hasApi && config.graphiql, version, about }),
      ...(this.#graphql?.routes ?? [noApiRoute()]),
      ...this.#artifactRoutes(),
      // Last, so that they take precedence: a dashboard may want "/".
      ...routes,
    ];
  }

  #artifactRoutes(): Route[] {
    const { config, artifacts = null, toRequestError = () => null } = this.#options;
    const origins = new OriginPolicy(config.corsOrigins, config.host);
    return artifacts === null
      ? []
      : [artifactRoute({ source: artifacts, origins, toRequestError })];
  }
}
