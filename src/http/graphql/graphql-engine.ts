/** Yoga with our limits: what runs operations for both transports. */
import {
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeInOrder,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
} from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import type { RequestError } from "../../domain/errors.ts";
import type { Exchange } from "../exchange.ts";
import type { HttpServerOptions, OperationOrigin } from "../options.ts";
import { SharedStream } from "../sharing/shared-stream.ts";
import { SharedSubscriptions } from "../sharing/shared-subscriptions.ts";
import { withBoundedVariables } from "./coercion.ts";
import { DocumentCache } from "./document-cache.ts";
import { codedError, createMaskError, type MaskError } from "./mask-error.ts";
import { parseJsonBody, parseQueryString } from "./request-params.ts";
import { subscribeInOrder } from "./subscribe-in-order.ts";
import type { SubscriptionGate } from "./subscription-gate.ts";

/**
 * A document of 2,000 tokens is a big one (GraphiQL's introspection has 300). Parsing stops there: a
 * query nested 5,000 deep would run the stack out of room, and one of 5,000 aliases the clock.
 */
const TOKENS_MAX = 2_000;

/** Comments and long names are few tokens: 30 MB of them took seconds to read and to complain of. */
const DOCUMENT_CHARS_MAX = 2 * 1_024 * 1_024;

/** What Yoga is handed with each operation, on either transport. */
export interface ServerContext {
  origin: OperationOrigin;
  /** Over HTTP only. */
  exchange?: Exchange;
  /** The body of a POST; null for GET. */
  body?: string | null;
}

export type GraphQLEngine = ReturnType<typeof createGraphQLEngine>;

export function createGraphQLEngine(
  options: Pick<HttpServerOptions, "createContext" | "sharing" | "log" | "toRequestError"> & {
    readonly schema: GraphQLSchema;
  },
  gate: SubscriptionGate,
) {
  const maskError = createMaskError(options.log, options.toRequestError ?? noRequestError);
  const { sharing = null } = options;
  const shared = sharing === null ? null : new SharedSubscriptions(sharing, maskError);
  const yoga = createYoga<ServerContext>({
    schema: options.schema,
    context: ({ origin }) => options.createContext(origin),
    plugins: [boundParsing(), ownRequestParser(), orderedFields(), subscriptionDoor(gate, shared)],
    maskedErrors: { maskError: ignoringMessage(maskError) },
    parserAndValidationCache: { documentCache: new DocumentCache(), errorCache: NO_CACHE },
    // The rest of Yoga's HTTP side is done before Yoga is called, in node:http's terms.
    maxRequestBodySize: false,
    healthCheckEndpoint: "\u0000",
    logging: false,
    landingPage: false,
    graphiql: false,
    cors: false,
    multipart: false,
    batching: false,
  });
  const { execute, subscribe } = yoga.getEnveloped(NO_CONTEXT);
  return {
    yoga,
    maskError,
    shared,
    /** For WebSockets: never rejects. */
    execute: guarded(execute, maskError),
    /** Like `execute`. A SharedStream where the subscription shares its executions with others. */
    subscribe: guarded(
      async (args) => (await shared?.subscribe(args)) ?? subscribe(args),
      maskError,
    ),
  };
}

type OperationResult = ExecutionResult | AsyncIterable<ExecutionResult>;

function guarded(
  run: (args: ExecutionArgs) => OperationResult | Promise<OperationResult>,
  maskError: MaskError,
): (args: ExecutionArgs) => Promise<OperationResult> {
  return async (args) => {
    try {
      return await run(args);
    } catch (error) {
      return { errors: [maskError(error)] };
    }
  };
}

/** Execution takes its context from the arguments; this one is only asked for the functions. */
const NO_CONTEXT: ServerContext = {
  origin: {
    transport: "websocket",
    requestId: "",
    headers: {},
    signal: AbortSignal.abort(),
    connectionParams: null,
  },
};

/** Texts that do not parse are not worth memory. */
const NO_CACHE = { get: () => undefined, set: () => undefined };

function noRequestError(): RequestError | null {
  return null;
}

function ignoringMessage(maskError: MaskError): (error: unknown) => Error {
  return (error) => maskError(error);
}

function boundParsing(): Plugin<ServerContext> {
  return {
    onParse({ setParseFn }) {
      setParseFn((source, options) => {
        if (source.length > DOCUMENT_CHARS_MAX) throw tooLong();
        return parse(source, { ...options, maxTokens: TOKENS_MAX });
      });
      return ({ result, context }) => {
        if (result === null) return;
        if (result instanceof Error) {
          markUnparsable(result);
          return;
        }
        const { exchange, params } = context;
        if (exchange === undefined) return;
        const operation = getOperationAST(result, params?.operationName);
        exchange.operation = operation?.name?.value ?? operation?.operation ?? null;
      };
    },
  };
}

function tooLong(): GraphQLError {
  const message = `The document is longer than ${DOCUMENT_CHARS_MAX} characters; send values as variables.`;
  return new GraphQLError(message, { extensions: { code: "GRAPHQL_PARSE_FAILED" } });
}

/** Yoga does this for HTTP only. */
function markUnparsable(error: Error): void {
  if (error instanceof GraphQLError) error.extensions.code ??= "GRAPHQL_PARSE_FAILED";
}

function ownRequestParser(): Plugin<object, ServerContext> {
  return {
    onRequestParse({ serverContext, setRequestParser }) {
      const { body, exchange } = serverContext;
      setRequestParser(() =>
        typeof body === "string"
          ? parseJsonBody(body)
          : parseQueryString(exchange?.request.url ?? ""),
      );
    },
  };
}

/**
 * graphql-js answers fields in the order in which they were asked for, as the specification says.
 * Yoga's own executor puts those that have to wait behind those that do not.
 */
function orderedFields(): Plugin<ServerContext> {
  const execute = withBoundedVariables(executeInOrder);
  // Those that share their executions do not come here: their variables are short.
  const subscribe = withBoundedVariables(subscribeInOrder);
  return {
    onExecute: ({ setExecuteFn }) => setExecuteFn(execute),
    onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe),
  };
}

/**
 * HTTP's subscriptions enter here; WebSockets count theirs where they know of both ends. Yoga would
 * start a subscription for a client that takes no event stream and then answer 406, leaving it open.
 */
function subscriptionDoor(
  gate: SubscriptionGate,
  shared: SharedSubscriptions | null,
): Plugin<ServerContext, ServerContext> {
  return {
    onSubscribe({ args, subscribeFn, setSubscribeFn, setResultAndStopExecution }) {
      const { exchange } = args.contextValue;
      if (exchange === undefined) return;
      if (!acceptsEventStream(exchange.request.headers.accept)) {
        setResultAndStopExecution({ errors: [notAnEventStream()] });
        return;
      }
      const leave = gate.enter();
      if (leave === null) {
        setResultAndStopExecution({ errors: [tooManySubscriptions()] });
        return;
      }
      exchange.response.once("close", leave);
      if (exchange.response.destroyed) leave();
      if (shared === null) return;
      setSubscribeFn(async (args) => {
        const result = await shared.subscribe(args);
        if (result instanceof SharedStream) hold(result, exchange);
        return result ?? subscribeFn(args);
      });
    },
    onResultProcess({ serverContext, setResultProcessor }) {
      if (serverContext.exchange?.shared == null) return;
      setResultProcessor(
        (_result, { Response }) => new Response(null, { headers: EVENT_STREAM }),
        EVENT_STREAM["content-type"],
      );
    },
  };
}

/** Yoga would serialise and encode each result for each client: it gives the head of the answer alone. */
const EVENT_STREAM = { "content-type": "text/event-stream", "cache-control": "no-cache" } as const;

/** For the route that sends it, or for nobody: it ends with the response, whatever comes between. */
function hold(stream: SharedStream, exchange: Exchange): void {
  exchange.shared = stream;
  const end = () => void stream.return();
  exchange.response.once("close", end);
  if (exchange.response.destroyed) end();
}

export function tooManySubscriptions() {
  return codedError(
    "TOO_MANY_SUBSCRIPTIONS",
    "This instance has as many subscriptions open as it takes; try again later or elsewhere.",
  );
}

function notAnEventStream() {
  return codedError(
    "NOT_ACCEPTABLE",
    "A subscription is answered as an event stream: send Accept: text/event-stream.",
    406,
  );
}

function acceptsEventStream(accept = "*/*"): boolean {
  return /text\/event-stream|text\/\*|\*\/\*/i.test(accept);
}
