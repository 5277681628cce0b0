/** Other people's clients, set up as their users set them up, each watching one job. */
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import {
  cacheExchange,
  type Exchange,
  fetchExchange,
  subscriptionExchange,
  Client as UrqlClient,
} from "@urql/core";
import { retryExchange } from "@urql/exchange-retry";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient, type Client as WsClient } from "graphql-ws";
import { WebSocket } from "ws";
import { JobUpdated } from "./documents.ts";

export interface JobState {
  readonly status: string;
  readonly version: number;
}

interface Sink {
  readonly next: (state: JobState) => void;
  /** The subscription is over: completed by the server, or given up with an error. */
  readonly end: (error: unknown) => void;
}

export interface OtherClient {
  readonly name: string;
  readonly watch: Watch;
}

/** @returns what gives the subscription up */
type Watch = (url: string, id: string, sink: Sink) => () => void;

/** What a client tells of a job. */
export class Sightings {
  readonly seen: JobState[] = [];
  /** What the client ended with; null where the server has completed it. */
  error: unknown = null;
  readonly first: Promise<void>;
  readonly end: Promise<void>;
  readonly close: () => void;

  constructor(url: string, id: string, watch: Watch) {
    let onFirst = () => {};
    let onEnd = () => {};
    this.first = new Promise((resolve) => {
      onFirst = resolve;
    });
    this.end = new Promise((resolve) => {
      onEnd = resolve;
    });
    const next = (state: JobState) => {
      this.seen.push(state);
      onFirst();
    };
    const end = (error: unknown) => {
      this.error = error;
      onEnd();
    };
    this.close = watch(url, id, { next, end });
  }
}

const QUERY = String(JobUpdated);
type Answer = { jobUpdated: JobState };

function webSockets(url: string): WsClient {
  return createWsClient({
    url: `${url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: waitABit,
  });
}

function waitABit(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

/** What every client but urql takes. */
function sinkOf({ next, end }: Sink) {
  return {
    next: ({ data }: { readonly data?: Answer | null }) => {
      if (data) next(data.jobUpdated);
    },
    error: end,
    complete: () => end(null),
  };
}

const graphqlWs: OtherClient = {
  name: "graphql-ws",
  watch: (url, id, sink) => {
    const client = webSockets(url);
    client.subscribe<Answer>({ query: QUERY, variables: { id } }, sinkOf(sink));
    return () => void client.dispose();
  },
};

const graphqlSse: OtherClient = {
  name: "graphql-sse",
  watch: (url, id, sink) => {
    const client = createSseClient({
      url: `${url}/graphql`,
      retryAttempts: Number.POSITIVE_INFINITY,
      retry: waitABit,
    });
    client.subscribe<Answer>({ query: QUERY, variables: { id } }, sinkOf(sink));
    return () => client.dispose();
  },
};

function watchByUrql(client: UrqlClient, id: string, { next, end }: Sink): () => void {
  const results = client.subscription<Answer>(QUERY, { id });
  const { unsubscribe } = results.subscribe(({ data, error, hasNext }) => {
    if (data !== undefined) next(data.jobUpdated);
    if (error !== undefined) end(error);
    else if (!hasNext) end(null);
  });
  return unsubscribe;
}

const urqlOverWebSocket: OtherClient = {
  name: "urql over graphql-ws",
  watch: (url, id, sink) => {
    const sockets = webSockets(url);
    const client = new UrqlClient({
      url: `${url}/graphql`,
      preferGetMethod: false,
      exchanges: [
        cacheExchange,
        fetchExchange,
        subscriptionExchange({
          forwardSubscription: ({ query = "", variables }) => ({
            subscribe: (to) => ({
              unsubscribe: sockets.subscribe(
                { query, variables: { ...variables } },
                {
                  ...to,
                  next: (result) => to.next(result as Parameters<typeof to.next>[0]),
                },
              ),
            }),
          }),
        }),
      ],
    });
    const stop = watchByUrql(client, id, sink);
    return () => {
      stop();
      void sockets.dispose();
    };
  },
};

function urqlOverSse(name: string, exchanges: readonly Exchange[]): OtherClient {
  return {
    name,
    watch: (url, id, sink) => {
      const client = new UrqlClient({
        url: `${url}/graphql`,
        preferGetMethod: false,
        fetchSubscriptions: true,
        exchanges: [cacheExchange, ...exchanges, fetchExchange],
      });
      return watchByUrql(client, id, sink);
    },
  };
}

const retrying = retryExchange({
  retryIf: ({ networkError }) => networkError !== undefined,
  maxNumberAttempts: Number.POSITIVE_INFINITY,
  initialDelayMs: 100,
});

const apollo: OtherClient = {
  name: "Apollo Client",
  watch: (url, id, sink) => {
    const sockets = webSockets(url);
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.split(
        ({ operationType }) => operationType === "subscription",
        new GraphQLWsLink(sockets),
        new HttpLink({ uri: `${url}/graphql` }),
      ),
    });
    const results = client.subscribe<Answer>({ query: gql(QUERY), variables: { id } });
    const subscription = results.subscribe({
      ...sinkOf(sink),
      next: ({ data, error }) => {
        if (error !== undefined) sink.end(error);
        else if (data?.jobUpdated !== undefined) sink.next(data.jobUpdated);
      },
    });
    return () => {
      subscription.unsubscribe();
      client.stop();
      void sockets.dispose();
    };
  },
};

/** Those that come back by themselves when their connection breaks. */
export const OTHER_CLIENTS = [
  graphqlWs,
  graphqlSse,
  urqlOverWebSocket,
  urqlOverSse("urql over event streams, with its retry exchange", [retrying]),
  apollo,
];

/** It ends with the connection: its user has to subscribe again. */
export const NOT_RETRYING = urqlOverSse("urql over event streams", []);
