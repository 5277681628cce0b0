/** A server whose `job` subscriptions are the real live updates over a store in memory, and counted. */
import {
  GraphQLBoolean,
  GraphQLError,
  type GraphQLFieldConfigMap,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from "graphql";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { openStream } from "../../schema/open-stream.ts";
import type { JobRecord } from "../../src/domain/job-record.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { JobUpdates } from "../../src/events/job-updates.ts";
import type { HttpConfig, Sharing } from "../../src/http/options.ts";
import { MemoryStore } from "../events/memory-store.ts";
import { Handoff, type RunningServer, startServer } from "./test-server.ts";

export const TRANSPORTS = ["WebSocket", "server-sent events"] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface Payload {
  readonly data?: { readonly job: Record<string, unknown> } | null;
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
}

export interface Watcher {
  next(): Promise<IteratorResult<Payload>>;
  /** The job of the next message. */
  job(): Promise<Record<string, unknown>>;
  leave(): Promise<unknown>;
}

interface StageContext {
  readonly name: string;
  readonly signal: AbortSignal | null;
}

export interface SharedStage extends RunningServer {
  readonly store: MemoryStore;
  readonly updates: JobUpdates;
  /** How often the `count` field ran. */
  executions: number;
  /** Names of the contexts in which `who` ran, and which had a client's signal. */
  readonly seen: StageContext[];
  /** Resolves with what lets the next `slow` field answer, once it waits. */
  nextSlow(): Promise<() => void>;
  /** Commits the next version of a job, and publishes it. */
  change(id: string, changes: Partial<JobRecord>): void;
  watch(
    transport: Transport,
    query: string,
    variables: Record<string, unknown>,
    operationName?: string,
  ): Watcher;
}

export async function startSharedStage(
  sharing: Partial<Sharing> | null = {},
  config: Partial<HttpConfig> = {},
): Promise<SharedStage> {
  const log = pino({ level: "silent" });
  const store = new MemoryStore();
  const bus = new InProcessBus(log);
  const updates = new JobUpdates({
    ...{ bus, readJobs: store.readJobs, log },
    ...{ subscriptionsMax: 5_000, repairIntervalMs: null },
  });
  await updates.start();
  onTestFinished(() => updates.stop());
  const slow = new Handoff<() => void>();
  const counted = { executions: 0, seen: [] as StageContext[] };
  const context = (name: string, signal: AbortSignal | null): StageContext => ({ name, signal });
  const running = await startServer(config, {
    schema: buildSchema(updates, counted, slow),
    createContext: ({ requestId, signal }) => context(requestId, signal),
    sharing:
      sharing === null
        ? null
        : {
            viewerKey: () => "everyone",
            createContext: (viewerKey) => context(viewerKey, null),
            ...sharing,
          },
  });
  const stage = {
    ...running,
    store,
    updates,
    seen: counted.seen,
    get executions() {
      return counted.executions;
    },
    nextSlow: () => slow.take(),
    change: (id: string, changes: Partial<JobRecord>) => bus.publish([store.commit(id, changes)]),
    watch: (
      transport: Transport,
      query: string,
      variables: Record<string, unknown>,
      operationName?: string,
    ) => watch(running, transport, { query, variables, ...(operationName && { operationName }) }),
  };
  return stage;
}

function buildSchema(
  updates: JobUpdates,
  counted: { executions: number; seen: StageContext[] },
  slow: Handoff<() => void>,
): GraphQLSchema {
  const extensions = { shareable: true };
  const fields: GraphQLFieldConfigMap<JobRecord, StageContext> = {
    id: { type: GraphQLString, extensions },
    status: { type: GraphQLString, extensions },
    version: { type: GraphQLInt, extensions },
    name: { type: GraphQLString, extensions },
    count: {
      type: GraphQLInt,
      extensions,
      resolve: () => {
        counted.executions += 1;
        return counted.executions;
      },
    },
    who: {
      type: GraphQLString,
      extensions,
      resolve: (_job, _args, context) => {
        counted.seen.push(context);
        return context.name;
      },
    },
    broken: {
      type: GraphQLString,
      extensions,
      resolve: ({ status }) => {
        if (status === "PENDING") return null;
        throw new Error("secret");
      },
    },
    echo: {
      type: GraphQLString,
      extensions,
      args: { text: { type: GraphQLString } },
      resolve: (_job, { text }) => text,
    },
    coded: {
      type: GraphQLString,
      extensions,
      resolve: () => {
        throw new GraphQLError("told", { extensions: { code: "TOLD" } });
      },
    },
    slow: {
      type: GraphQLString,
      extensions,
      resolve: ({ status }) =>
        status === "PENDING" ? null : new Promise((resolve) => slow.give(() => resolve("done"))),
    },
    mine: { type: GraphQLString, resolve: (_job, _args, context) => context.name },
  };
  const job = new GraphQLObjectType({ name: "Job", fields });
  const subscription = new GraphQLObjectType<unknown, StageContext>({
    name: "Subscription",
    fields: {
      job: {
        type: new GraphQLNonNull(job),
        args: { id: { type: GraphQLString }, from: { type: GraphQLString } },
        extensions: { ...extensions, startArguments: ["from"] },
        subscribe: (_root, { id }, { signal }) => openStream(updates.watchJob(id), signal),
        resolve: (record) => record,
      },
    },
  });
  const query = new GraphQLObjectType({ name: "Query", fields: { ok: { type: GraphQLBoolean } } });
  return new GraphQLSchema({ query, subscription });
}

function watch(
  running: RunningServer,
  transport: Transport,
  operation: { query: string; variables: Record<string, unknown>; operationName?: string },
): Watcher {
  const client =
    transport === "WebSocket"
      ? createSocketClient({ url: running.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
      : createSseClient({ url: running.graphqlUrl, retryAttempts: 0 });
  const results = client.iterate(operation) as AsyncIterableIterator<Payload>;
  const leave = async () => {
    await results.return?.();
    await client.dispose();
  };
  onTestFinished(leave);
  return {
    next: () => results.next(),
    job: async () => {
      const { value } = await results.next();
      if (value?.data == null) throw new Error(`no job but ${JSON.stringify(value)}`);
      return value.data.job;
    },
    leave,
  };
}
