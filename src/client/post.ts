/** One GraphQL request over HTTP. */
import { type GraphQLProblem, GraphQLRequestError, TransportError } from "./graphql-error.ts";

export interface ClientOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** What the specification says an answer is. Its `Result` is the document's word, not checked. */
export interface Answer<Result> {
  readonly data?: Result | null;
  readonly errors?: readonly GraphQLProblem[];
}

export function dataOf<Result>({ data, errors }: Answer<Result>): Result {
  if (errors && errors.length > 0) throw new GraphQLRequestError(errors);
  if (data == null) throw new TransportError("the answer holds neither data nor errors");
  return data;
}

/** @throws TransportError if the answer is not GraphQL's; whatever aborted `signal`, if it did */
export async function post(
  { url, headers }: ClientOptions,
  body: { readonly query: string; readonly variables: unknown },
  accept: string,
  { signal }: CallOptions,
): Promise<Response> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", accept },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    throw asTransportError(error, signal);
  });
  // GraphQL's own refusals come with a status of 400 or more too, but as JSON that says why.
  if (/^(text\/event-stream|application\/(graphql-response\+)?json)\b/.test(typeOf(response))) {
    return response;
  }
  await response.body?.cancel();
  throw new TransportError(
    `${url} answered ${response.status} ${response.statusText}, not GraphQL`,
  );
}

/** @throws TransportError if the body is no JSON, or ends too early */
export async function readAnswer<Result>(
  response: Response,
  signal?: AbortSignal,
): Promise<Answer<Result>> {
  try {
    return await response.json();
  } catch (error) {
    throw asTransportError(error, signal);
  }
}

export function typeOf(response: Response): string {
  return response.headers.get("content-type") ?? "";
}

/** An abort stays what it was: the caller knows why. */
export function asTransportError(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted || error instanceof GraphQLRequestError) return error;
  if (error instanceof TransportError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new TransportError(`the connection failed: ${message}`, { cause: error });
}
