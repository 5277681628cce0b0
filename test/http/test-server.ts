/** A small API of its own, for tests of the transports; and a server around it on a free port. */
import {
  GraphQLError,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from "graphql";
import { onTestFinished } from "vitest";
import { RequestError } from "../../src/domain/errors.ts";
import { createHttpServer, type HttpServer } from "../../src/http/http-server.ts";
import type { HttpConfig, HttpServerOptions } from "../../src/http/options.ts";
import { createLog } from "../../src/log.ts";

/** A source of numbers that tests push into, and whose end they can see. */
export class Ticker implements AsyncIterableIterator<{ tick: number }> {
  ended = false;
  readonly whenEnded: Promise<void>;
  #resolveEnded: () => void = () => undefined;
  #queue: number[] = [];
  #failure: Error | null = null;
  #waiting: ((result: IteratorResult<{ tick: number }>) => void) | null = null;
  #waitingFailed: ((error: Error) => void) | null = null;

  constructor() {
    this.whenEnded = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  push(tick: number): void {
    if (this.#waiting === null) this.#queue.push(tick);
    else this.#waiting({ done: false, value: { tick } });
    this.#waiting = null;
  }

  fail(error: Error): void {
    this.#failure = error;
    this.#waitingFailed?.(error);
  }

  next(): Promise<IteratorResult<{ tick: number }>> {
    const tick = this.#queue.shift();
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    if (tick !== undefined) return Promise.resolve({ done: false, value: { tick } });
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting = resolve;
      this.#waitingFailed = reject;
    });
  }

  return(): Promise<IteratorResult<{ tick: number }>> {
    this.ended = true;
    this.#resolveEnded();
    this.#waiting?.({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** What tests steer and see of the API's resolvers. */
export interface Stage {
  readonly schema: GraphQLSchema;
  /** Sources of the subscriptions so far, oldest first. */
  readonly tickers: Ticker[];
  /** Resolves with the next subscription's source once it has been opened. */
  nextTicker(): Promise<Ticker>;
  /** Resolves once a `slow` field waits; call the result to let it answer. */
  nextSlow(): Promise<() => void>;
  /** How often `submit` ran. */
  submits: number;
}

export function createStage(): Stage {
  const tickers: Ticker[] = [];
  const tickerQueue = new Handoff<Ticker>();
  const slowQueue = new Handoff<() => void>();
  const stage: Stage = {
    tickers,
    submits: 0,
    nextTicker: () => tickerQueue.take(),
    nextSlow: () => slowQueue.take(),
    schema: buildSchema(),
  };
  return stage;

  function openTicker(): Ticker {
    const ticker = new Ticker();
    tickers.push(ticker);
    tickerQueue.give(ticker);
    return ticker;
  }

  function buildSchema(): GraphQLSchema {
    const nested: GraphQLObjectType = new GraphQLObjectType({
      name: "Nested",
      fields: () => ({
        nested: { type: nested },
        name: { type: GraphQLString },
        later: { type: GraphQLString, resolve: async () => "later" },
      }),
    });
    const query = new GraphQLObjectType({
      name: "Query",
      fields: {
        hello: {
          type: GraphQLString,
          args: { name: { type: GraphQLString } },
          resolve: (_root, args: { name?: string }) => `hello ${args.name ?? "you"}`,
        },
        nested: { type: nested, resolve: () => ({}) },
        later: { type: nested, resolve: async () => ({ name: "later" }) },
        crash: {
          type: GraphQLString,
          resolve: () => {
            throw new Error("secret: postgres://me:hunter2@db");
          },
        },
        coded: {
          type: GraphQLString,
          resolve: () => {
            throw new RequestError("NOT_FOUND", "There is no such job.");
          },
        },
        leaky: {
          type: GraphQLString,
          resolve: () => {
            const extensions = { code: "X", originalError: { stack: "at secret.ts" } };
            throw new GraphQLError("leaky", { extensions });
          },
        },
        away: {
          type: GraphQLString,
          resolve: () => {
            throw new Error("ECONNREFUSED 10.0.0.1");
          },
        },
        slow: {
          type: GraphQLString,
          resolve: () => new Promise((resolve) => slowQueue.give(() => resolve("done"))),
        },
        requestId: {
          type: GraphQLString,
          resolve: (_root, _args, context: { requestId: string }) => context.requestId,
        },
      },
    });
    const mutation = new GraphQLObjectType({
      name: "Mutation",
      fields: {
        submit: {
          type: GraphQLInt,
          resolve: () => {
            stage.submits += 1;
            return stage.submits;
          },
        },
        slowSubmit: {
          type: GraphQLInt,
          resolve: () =>
            new Promise((resolve) => {
              slowQueue.give(() => {
                stage.submits += 1;
                resolve(stage.submits);
              });
            }),
        },
      },
    });
    const subscription = new GraphQLObjectType({
      name: "Subscription",
      fields: {
        tick: {
          type: new GraphQLNonNull(GraphQLInt),
          subscribe: openTicker,
          resolve: ({ tick }: { tick: number }) => tick,
        },
        deepTick: {
          type: new GraphQLNonNull(nested),
          subscribe: openTicker,
          resolve: ({ tick }: { tick: number }) => ({ name: String(tick) }),
        },
        refused: {
          type: GraphQLInt,
          subscribe: () => {
            throw new RequestError("NOT_FOUND", "There is no such job.");
          },
        },
      },
    });
    return new GraphQLSchema({ query, mutation, subscription });
  }
}

/** Hands values from resolvers to the test that waits for them, in either order. */
export class Handoff<T> {
  #values: T[] = [];
  #takers: ((value: T) => void)[] = [];

  give(value: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#values.push(value);
    else taker(value);
  }

  take(): Promise<T> {
    const value = this.#values.shift();
    if (value !== undefined) return Promise.resolve(value);
    return new Promise((resolve) => this.#takers.push(resolve));
  }
}

export const TEST_CONFIG: HttpConfig = {
  host: "127.0.0.1",
  port: 0,
  corsOrigins: [],
  graphiql: true,
  httpBodyMaxBytes: 100_000,
  wsMessageMaxBytes: 50_000,
  wsConnectionsMax: 50,
  subscriptionsMax: 50,
  subscriptionsPerSocketMax: 20,
  drainDelayMs: 0,
};

export interface RunningServer {
  readonly server: HttpServer;
  readonly stage: Stage;
  readonly url: string;
  readonly graphqlUrl: string;
  readonly socketUrl: string;
  /** The log so far, parsed. */
  readonly logged: LogEntry[];
  /** Resolves with the first log entry, old or new, that `matches`. */
  whenLogged(matches: (entry: LogEntry) => boolean): Promise<LogEntry>;
}

export interface LogEntry {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Starts a server and stops it when the test ends. */
export async function startServer(
  config: Partial<HttpConfig> = {},
  options: Partial<HttpServerOptions> = {},
): Promise<RunningServer> {
  const stage = createStage();
  const logged: LogEntry[] = [];
  const watchers = new Set<() => void>();
  const log = createLog({
    level: "debug",
    format: "json",
    write: (line) => {
      logged.push(JSON.parse(line));
      for (const watcher of watchers) watcher();
    },
  });
  const server = createHttpServer({
    schema: stage.schema,
    createContext: ({ requestId }) => ({ requestId }),
    config: { ...TEST_CONFIG, ...config },
    log,
    readiness: async () => ({ ready: true }),
    ...options,
  });
  await server.start();
  onTestFinished(() => server.stop({ graceMs: 0 }));
  const whenLogged = (matches: (entry: LogEntry) => boolean) =>
    new Promise<LogEntry>((resolve) => {
      const look = () => {
        const entry = logged.find(matches);
        if (entry === undefined) return;
        watchers.delete(look);
        resolve(entry);
      };
      watchers.add(look);
      look();
    });
  const graphqlUrl = `${server.url}/graphql`;
  const socketUrl = graphqlUrl.replace("http", "ws");
  return { server, stage, url: server.url, graphqlUrl, socketUrl, logged, whenLogged };
}

/** POSTs an operation as JSON. */
export function post(
  url: string,
  query: string,
  init: { headers?: Record<string, string>; variables?: unknown; signal?: AbortSignal } = {},
): Promise<Response> {
  const { headers, variables, signal } = init;
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, ...(variables !== undefined && { variables }) }),
    ...(signal !== undefined && { signal }),
  });
}
