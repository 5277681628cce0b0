/** What happens to each operation that comes over a WebSocket: the same limits as over HTTP. */
import { type GraphQLError, type GraphQLFormattedError, getOperationAST } from "graphql";
import type { Context, ServerOptions, SubscribePayload } from "graphql-ws";
import type { Logger } from "pino";
import type { GraphQLEngine } from "../graphql/graphql-engine.ts";
import { tooManySubscriptions } from "../graphql/graphql-engine.ts";
import { codedError, formatError } from "../graphql/mask-error.ts";
import type { SubscriptionGate } from "../graphql/subscription-gate.ts";
import { SharedStream } from "../sharing/shared-stream.ts";
import { sendShared } from "./send-shared.ts";
import { CLOSE_RESTART, type SocketSession } from "./socket-session.ts";

type Params = Record<string, unknown> | undefined;
type Operations = ServerOptions<Params, SocketSession>;
type SocketContext = Context<Params, SocketSession>;
type Result = Parameters<NonNullable<Operations["onNext"]>>[4];
type Prepared = Awaited<ReturnType<NonNullable<Operations["onSubscribe"]>>>;

export interface SocketOperationsOptions {
  readonly engine: GraphQLEngine;
  readonly gate: SubscriptionGate;
  readonly operationsPerSocketMax: number;
  readonly log: Logger;
  readonly isRefusing: () => boolean;
}

/** For graphql-ws's `makeServer`. Nothing here throws: a thrown error would close the whole socket. */
export function socketOperations(options: SocketOperationsOptions): Operations {
  const { engine, log } = options;
  return {
    onSubscribe: (context, id, payload) => prepare(options, context, id, payload),
    execute: (args) => engine.execute(args),
    subscribe: (args) => engine.subscribe(args),
    onOperation: ({ extra }, id, _payload, _args, result) =>
      result instanceof SharedStream ? sendShared(result, id, extra.writer) : undefined,
    onNext: (_context, _id, _payload, _args, result) => formatResult(result),
    onError: (_context, _id, _payload, errors): GraphQLFormattedError[] =>
      errors.map((error) => formatError(engine.maskError(error))),
    onComplete: ({ extra }, id) => logEnd(extra, id, log),
  };
}

/** Undefined: the result has no errors, and is sent as it is. */
function formatResult({ errors, data, extensions }: Result) {
  if (errors === undefined) return undefined;
  return {
    errors: errors.map(formatError),
    ...(data !== undefined && { data }),
    ...(extensions !== undefined && { extensions }),
  };
}

async function prepare(
  options: SocketOperationsOptions,
  context: SocketContext,
  id: string,
  payload: SubscribePayload,
): Promise<Prepared> {
  const { extra: session } = context;
  if (options.isRefusing()) {
    // No answer: the client sends the operation again when it has reconnected elsewhere.
    delete context.subscriptions[id];
    session.closeWhenIdle(CLOSE_RESTART, "This instance is stopping");
    return [codedError("UNAVAILABLE", "This instance is stopping; try another one.")];
  }
  if (Object.keys(context.subscriptions).length > options.operationsPerSocketMax) {
    return [tooManyOperations(options.operationsPerSocketMax)];
  }
  try {
    return await admit(options, context, id, payload);
  } catch (error) {
    session.end(id);
    return [options.engine.maskError(error)];
  }
}

/** The arguments to run with, or what is wrong with the operation. */
async function admit(
  { engine, gate }: SocketOperationsOptions,
  { extra: session, connectionParams }: SocketContext,
  id: string,
  payload: SubscribePayload,
): Promise<Prepared> {
  const origin = session.origin(connectionParams);
  const { parse, validate, contextFactory, schema } = engine.yoga.getEnveloped({ origin });
  const document = parse(payload.query);
  const invalid: readonly GraphQLError[] = validate(schema, document);
  if (invalid.length > 0) return invalid;
  const operation = getOperationAST(document, payload.operationName);
  const isSubscription = operation?.operation === "subscription";
  const leave = isSubscription ? gate.enter() : noPlace;
  if (leave === null) return [tooManySubscriptions()];
  const name = operation?.name?.value ?? operation?.operation ?? "unknown";
  session.begin(id, { name, startedAt: performance.now(), isSubscription, leave });
  return {
    schema,
    document,
    operationName: payload.operationName ?? null,
    variableValues: payload.variables ?? null,
    contextValue: await contextFactory(),
  };
}

function noPlace(): void {
  // Queries and mutations take no place among the subscriptions.
}

function logEnd(session: SocketSession, id: string, log: Logger): void {
  const operation = session.end(id);
  if (operation === undefined) return;
  const ms = Math.round((performance.now() - operation.startedAt) * 10) / 10;
  const entry = { req: session.id, method: "WS", path: "/graphql", operation: operation.name, ms };
  log.info(entry, "request");
}

function tooManyOperations(max: number): GraphQLError {
  return codedError(
    "TOO_MANY_SUBSCRIPTIONS",
    `This WebSocket has ${max} operations open, which is all it may have; end some, or open another.`,
  );
}
