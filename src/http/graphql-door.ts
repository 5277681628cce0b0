/** GraphQL on a server's port, over all transports: its routes, its sockets, and their end. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { GraphQLSchema } from "graphql";
import { createGraphiQL } from "./graphiql/serve-graphiql.ts";
import { createGraphQLEngine, type GraphQLEngine } from "./graphql/graphql-engine.ts";
import { graphqlRoute } from "./graphql/graphql-route.ts";
import { SubscriptionGate } from "./graphql/subscription-gate.ts";
import type { HttpServerOptions } from "./options.ts";
import { OriginPolicy } from "./origin-policy.ts";
import type { Route } from "./route.ts";
import { CLOSE_RESTART } from "./web-socket/socket-session.ts";
import { GraphQLWebSockets } from "./web-socket/web-socket-server.ts";

export class GraphQLDoor {
  readonly routes: readonly Route[];
  readonly #engine: GraphQLEngine;
  readonly #webSockets: GraphQLWebSockets;
  readonly #gate: SubscriptionGate;

  constructor(schema: GraphQLSchema, options: HttpServerOptions, isRefusing: () => boolean) {
    const { config, log } = options;
    this.#gate = new SubscriptionGate(config.subscriptionsMax);
    this.#engine = createGraphQLEngine({ ...options, schema }, this.#gate);
    const origins = new OriginPolicy(config.corsOrigins, config.host);
    const shared = { engine: this.#engine, origins, isRefusing };
    this.#webSockets = new GraphQLWebSockets({ ...shared, config, log, gate: this.#gate });
    const graphiql = config.graphiql ? createGraphiQL() : null;
    const bodyMaxBytes = config.httpBodyMaxBytes;
    const showGraphiQL = graphiql?.showPage ?? null;
    this.routes = [
      graphqlRoute({ ...shared, bodyMaxBytes, showGraphiQL }),
      ...(graphiql === null ? [] : [graphiql.assetRoute]),
    ];
  }

  /** Live subscriptions of both transports. */
  get subscriptionCount(): number {
    return this.#gate.open;
  }

  /** Kinds of subscriptions that share their executions now. */
  get sharedGroupCount(): number {
    return this.#engine.shared?.groupCount ?? 0;
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.#webSockets.upgrade(request, stream, head);
  }

  /** What closes each of the open sockets, once it has answered what it was asked. */
  socketEndings(): (() => void)[] {
    return [...this.#webSockets.sessions].map(
      (session) => () => session.closeWhenIdle(CLOSE_RESTART, "Restarting"),
    );
  }

  /** Resolves once no socket is open. */
  whenSocketsClosed(): Promise<void> {
    return this.#webSockets.whenEmpty();
  }

  async dispose(): Promise<void> {
    await this.#engine.yoga.dispose();
  }
}

/** At the API's path where there is none: a client that was pointed here learns why. */
export function noApiRoute(): Route {
  const error =
    "This instance runs jobs and has no API (ROLE=worker). Ask one with ROLE=api or all.";
  return {
    path: "/graphql",
    methods: ["GET", "HEAD", "POST", "OPTIONS"],
    handle: (exchange) => exchange.sendJson(404, { error }),
  };
}
