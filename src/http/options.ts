/** What the HTTP server is given. It knows the API only as a schema, and the rest of the process as functions. */
import type { IncomingHttpHeaders } from "node:http";
import type { GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import type { RequestError } from "../domain/errors.ts";
import type { ArtifactSource } from "./artifacts/artifact-route.ts";
import type { Route } from "./route.ts";

export interface HttpConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Exact origins of other sites' pages that may call the API. */
  readonly corsOrigins: readonly string[];
  readonly graphiql: boolean;
  readonly httpBodyMaxBytes: number;
  readonly wsMessageMaxBytes: number;
  readonly wsConnectionsMax: number;
  /** Over both transports together. */
  readonly subscriptionsMax: number;
  /** Operations at once on one WebSocket. */
  readonly subscriptionsPerSocketMax: number;
  /** From "not ready" to refusing requests, in a stop. */
  readonly drainDelayMs: number;
}

/** Where an operation came from: what a context is made of. */
export interface OperationOrigin {
  readonly transport: "http" | "websocket";
  readonly requestId: string;
  readonly headers: IncomingHttpHeaders;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** What a WebSocket client sent with `connection_init`. */
  readonly connectionParams: Readonly<Record<string, unknown>> | null;
}

/**
 * How identical subscriptions share their executions. What these may depend on is in the key and
 * nowhere else, so that no client can see what was made for another one with other rights.
 */
export interface Sharing {
  /** Of what `createContext` made for a client; null: it shares with nobody. */
  viewerKey(context: object): string | null;
  /** The context of one execution for all whose key it is. */
  createContext(viewerKey: string): object;
}

export type Readiness =
  | { readonly ready: true }
  /** `reason`: a word or a sentence that strangers may read. */
  | { readonly ready: false; readonly reason: string };

export interface HttpServerOptions {
  /** Null: there is no API here, only health and readiness. */
  readonly schema: GraphQLSchema | null;
  /**
   * Called once for each operation. The result must be a plain object: its own properties are copied
   * onto Yoga's context.
   */
  readonly createContext: (origin: OperationOrigin) => object | Promise<object>;
  /** Null, and if not given: each subscription is executed by itself. */
  readonly sharing?: Sharing | null;
  readonly config: HttpConfig;
  readonly log: Logger;
  /** Is the database reachable and migrated? Asked by /readyz, at most once at a time. */
  readonly readiness: () => Promise<Readiness>;
  /** Turns an unexpected error into one that callers may see; null: it is a bug and gets masked. */
  readonly toRequestError?: (error: unknown) => RequestError | null;
  /** Where the files are that jobs left; null, and if not given: none are served. */
  readonly artifacts?: ArtifactSource | null;
  /** More paths: a dashboard, metrics. */
  readonly routes?: readonly Route[];
  /** Shown on the start page: a sentence about what this instance does. */
  readonly about?: string;
  /** Shown on the start page. */
  readonly version?: string;
}
