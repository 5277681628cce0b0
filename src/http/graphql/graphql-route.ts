/** /graphql over HTTP: what must hold before Yoga is asked, and the way of its answer to the client. */
import type { Exchange } from "../exchange.ts";
import type { OperationOrigin } from "../options.ts";
import type { OriginPolicy } from "../origin-policy.ts";
import { readBody } from "../read-body.ts";
import type { Route } from "../route.ts";
import type { GraphQLEngine, ServerContext } from "./graphql-engine.ts";
import { RETRY_AFTER_SECONDS } from "./mask-error.ts";
import { sendShared } from "./send-shared.ts";
import { sendStream } from "./send-stream.ts";

export interface GraphQLRouteOptions {
  readonly engine: GraphQLEngine;
  readonly origins: OriginPolicy;
  readonly bodyMaxBytes: number;
  /** Null: GraphiQL is off, and browsers get what programs get. */
  readonly showGraphiQL: ((exchange: Exchange) => void) | null;
  /** True: new operations are refused, because the server is about to stop. */
  readonly isRefusing: () => boolean;
}

export function graphqlRoute(options: GraphQLRouteOptions): Route {
  return {
    path: "/graphql",
    methods: ["GET", "POST", "OPTIONS"],
    handle: (exchange) => handleGraphQL(options, exchange),
  };
}

async function handleGraphQL(options: GraphQLRouteOptions, exchange: Exchange): Promise<void> {
  const { request } = exchange;
  const { origins, showGraphiQL } = options;
  if (origins.isRefused(request)) return refuseOrigin(exchange);
  exchange.setHeaders(origins.corsHeaders(request));
  if (exchange.method === "OPTIONS") {
    return exchange.sendEmpty(204, { allow: "GET, POST", ...origins.preflightHeaders(request) });
  }
  if (wantsPage(exchange)) {
    if (showGraphiQL !== null) return showGraphiQL(exchange);
    if (!isQuery(exchange)) return refusePage(exchange);
  }
  if (options.isRefusing()) return refuseWhileStopping(exchange);
  if (exchange.method === "GET") return execute(options, exchange, null);
  if (!isJson(exchange)) return refuseType(exchange);
  const body = await readBody(request, options.bodyMaxBytes);
  if (body.kind === "body") return execute(options, exchange, body.text);
  if (body.kind === "too-large") refuseSize(exchange, options.bodyMaxBytes);
  if (body.kind === "not-utf8") refuse(exchange, 400, "BAD_REQUEST", "The body is not UTF-8.");
}

async function execute(
  { engine }: GraphQLRouteOptions,
  exchange: Exchange,
  body: string | null,
): Promise<void> {
  const { yoga } = engine;
  const request = new yoga.fetchAPI.Request(`http://localhost${exchange.request.url ?? ""}`, {
    method: exchange.method,
    // Node's header object: Yoga's Request reads it as it is.
    headers: exchange.request.headers as Record<string, string>,
  });
  const context: ServerContext = { origin: httpOrigin(exchange), exchange, body };
  const response = await yoga.handleRequest(request, context);
  await sendResponse(engine, exchange, response);
}

async function sendResponse(
  { maskError }: GraphQLEngine,
  exchange: Exchange,
  response: Response,
): Promise<void> {
  const headers: Record<string, string> = {};
  // Yoga's Headers keep the letters' case; two spellings of one name would both be sent.
  response.headers.forEach((value, name) => {
    headers[name.toLowerCase()] = value;
  });
  if (exchange.shared !== null) {
    return sendShared(exchange, response.status, headers, { stream: exchange.shared, maskError });
  }
  if (headers["content-type"]?.startsWith("text/event-stream") === true && response.body !== null) {
    return sendStream(exchange, response.status, headers, response.body);
  }
  const text = await response.text();
  exchange.send(response.status, { ...headers, "cache-control": "no-store" }, text);
}

/** The signal is made only if somebody asks for it: most operations never do. */
function httpOrigin(exchange: Exchange): OperationOrigin {
  return {
    transport: "http",
    requestId: exchange.id,
    headers: exchange.request.headers,
    get signal() {
      return exchange.signal;
    },
    connectionParams: null,
  };
}

function wantsPage({ method, request }: Exchange): boolean {
  return method === "GET" && request.headers.accept?.includes("text/html") === true;
}

/** Also a browser's request may be a query by GET, which its `*\/*` lets us answer as JSON. */
function isQuery({ request }: Exchange): boolean {
  const takesJson = /application\/|\*\/\*/.test(
    request.headers.accept?.replace(/application\/xhtml\+xml|application\/xml/g, "") ?? "",
  );
  return takesJson && /[?&]query=/.test(request.url ?? "");
}

/** Nothing else: a page of another site can send forms and plain text here without asking first. */
function isJson({ request }: Exchange): boolean {
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = request.headers;
  return (
    /^application\/json\s*(;\s*charset="?utf-?8"?\s*)?$/i.test(type) && encoding === "identity"
  );
}

function refuse(exchange: Exchange, status: number, code: string, message: string): void {
  const isOurs = exchange.request.headers.accept?.includes("application/graphql-response+json");
  const type = isOurs === true ? "application/graphql-response+json" : "application/json";
  exchange.sendJson(
    status,
    { errors: [{ message, extensions: { code } }] },
    { "content-type": `${type}; charset=utf-8` },
  );
}

function refuseOrigin(exchange: Exchange): void {
  const message =
    "This origin or host may not call the API; the server's operator can add it to CORS_ORIGINS.";
  refuse(exchange, 403, "FORBIDDEN", message);
}

function refusePage(exchange: Exchange): void {
  const message = "GraphiQL is switched off (GRAPHIQL=off); POST queries to /graphql.";
  exchange.send(406, { "content-type": "text/plain; charset=utf-8" }, `${message}\n`);
}

function refuseType(exchange: Exchange): void {
  exchange.setHeaders({ "accept-post": "application/json" });
  const message = "Send operations as JSON, with Content-Type: application/json and no encoding.";
  refuse(exchange, 415, "UNSUPPORTED_MEDIA_TYPE", message);
}

function refuseSize(exchange: Exchange, maxBytes: number): void {
  const message = `The request body is larger than ${maxBytes} bytes.`;
  refuse(exchange, 413, "REQUEST_ENTITY_TOO_LARGE", message);
}

function refuseWhileStopping(exchange: Exchange): void {
  exchange.setHeaders({ connection: "close", "retry-after": String(RETRY_AFTER_SECONDS) });
  refuse(exchange, 503, "UNAVAILABLE", "This instance is stopping; try another one.");
}
