/** Documents to the API over HTTP, typed by what generated them; subscriptions over server-sent events. */
import { type CallOptions, type ClientOptions, dataOf, post, readAnswer } from "./post.ts";
import { readResults } from "./read-results.ts";
import { reconnecting } from "./reconnecting.ts";

/** A document as GraphQL Code Generator makes it: text that knows its result and its variables. */
export interface TypedDocument<Result, Variables> {
  toString(): string;
  readonly __apiType?: ((variables: Variables) => Result) | undefined;
}

export interface SubscribeOptions<Result, Variables> extends CallOptions {
  /**
   * The variables of the next connection, given the last result of this one; the same ones if absent.
   * `({ jobsUpdated }, variables) => ({ ...variables, after: jobsUpdated.cursor })`
   */
  readonly resume?: (last: Result, variables: Variables) => Variables;
}

export interface Client {
  /** @throws GraphQLRequestError if the answer holds errors, TransportError if there is none */
  request<Result, Variables>(
    document: TypedDocument<Result, Variables>,
    variables: Variables,
    options?: CallOptions,
  ): Promise<Result>;
  /**
   * Ends when the server completes it. A connection that breaks off is opened again, up to 10 times
   * in a row, and begins with the state as it is then: what comes may have come before. A live list
   * goes on from the cursor of its last message if `resume` puts it into the variables.
   *
   * @throws as `request`
   */
  subscribe<Result, Variables>(
    document: TypedDocument<Result, Variables>,
    variables: Variables,
    options?: SubscribeOptions<Result, Variables>,
  ): AsyncIterable<Result>;
}

export function createClient(options: ClientOptions): Client {
  return {
    async request<Result, Variables>(
      document: TypedDocument<Result, Variables>,
      variables: Variables,
      call: CallOptions = {},
    ) {
      const response = await post(
        options,
        { query: String(document), variables },
        JSON_TYPES,
        call,
      );
      return dataOf(await readAnswer<Result>(response, call.signal));
    },
    subscribe<Result, Variables>(
      document: TypedDocument<Result, Variables>,
      variables: Variables,
      call: SubscribeOptions<Result, Variables> = {},
    ) {
      const { signal, resume } = call;
      const query = String(document);
      const iterate = () => {
        let now = variables;
        const connect = async () => {
          const body = { query, variables: now };
          return readResults<Result>(await post(options, body, EVENTS, call));
        };
        const onResult = (last: Result) => {
          now = resume?.(last, now) ?? now;
        };
        return reconnecting(connect, onResult, signal);
      };
      return { [Symbol.asyncIterator]: iterate };
    },
  };
}

const EVENTS = "text/event-stream";
const JSON_TYPES = "application/graphql-response+json, application/json;q=0.9";
