/** The API without HTTP, for who has the server in the same process: documents in, results out. */
import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLSchema,
  parse,
  subscribe,
  validate,
} from "graphql";
import {
  type Client,
  type GraphQLProblem,
  GraphQLRequestError,
  type SubscribeOptions,
  type TypedDocument,
} from "./client/index.ts";

type CreateContext = (signal: AbortSignal | null) => object;

/** A program has a few documents of its own; one that builds them anew each time does not fill the memory. */
const DOCUMENTS_MAX = 200;

/** Answers as the server's HTTP client does, with the same errors; connections there are none to lose. */
export function createLocalClient(schema: GraphQLSchema, createContext: CreateContext): Client {
  const known = new Map<string, DocumentNode>();
  const documentOf = (text: string) => {
    const document = known.get(text) ?? parseValid(schema, text);
    if (known.size < DOCUMENTS_MAX) known.set(text, document);
    return document;
  };
  const argsOf = (text: string, variables: unknown, signal: AbortSignal | null) => ({
    schema,
    document: documentOf(text),
    // As they would arrive: a Date as its text, and without what is undefined.
    variableValues: JSON.parse(JSON.stringify(variables ?? {})),
    contextValue: createContext(signal),
  });
  return {
    async request<Result, Variables>(
      document: TypedDocument<Result, Variables>,
      variables: Variables,
      { signal }: { readonly signal?: AbortSignal } = {},
    ) {
      signal?.throwIfAborted();
      const args = argsOf(String(document), variables, signal ?? null);
      return dataOf<Result>(await execute(args));
    },
    subscribe<Result, Variables>(
      document: TypedDocument<Result, Variables>,
      variables: Variables,
      { signal }: SubscribeOptions<Result, Variables> = {},
    ): AsyncIterable<Result> {
      const open = () => argsOf(String(document), variables, signal ?? null);
      return { [Symbol.asyncIterator]: () => resultsOf<Result>(open, signal) };
    },
  };
}

/** Left when the caller leaves, or when `signal` aborts. */
async function* resultsOf<Result>(
  open: () => ExecutionArgs,
  signal: AbortSignal | undefined,
): AsyncGenerator<Result, void, undefined> {
  signal?.throwIfAborted();
  const opened = await subscribe(open());
  if (!(Symbol.asyncIterator in opened)) {
    yield dataOf<Result>(opened);
    return;
  }
  const end = () => void opened.return?.(undefined);
  signal?.addEventListener("abort", end, { once: true });
  try {
    for await (const result of opened) yield dataOf<Result>(result);
  } finally {
    signal?.removeEventListener("abort", end);
  }
  signal?.throwIfAborted();
}

function parseValid(schema: GraphQLSchema, text: string): DocumentNode {
  const document = parse(text);
  const errors = validate(schema, document);
  if (errors.length > 0) throw new GraphQLRequestError(errors.map((error) => toProblem(error)));
  return document;
}

function dataOf<Result>({ data, errors }: ExecutionResult): Result {
  if (errors && errors.length > 0) throw new GraphQLRequestError(errors.map(toProblem));
  // As it would have arrived: objects of graphql-js have no prototype, which surprises who compares them.
  return JSON.parse(JSON.stringify(data));
}

type GraphQLErrorLike = NonNullable<ExecutionResult["errors"]>[number];

/** What an operation threw says its code itself: over HTTP that is put in where errors are masked. */
function toProblem({ message, path, extensions, originalError }: GraphQLErrorLike): GraphQLProblem {
  const code = extensions.code ?? (originalError as { readonly code?: unknown } | null)?.code;
  return {
    message,
    ...(path && { path }),
    ...(typeof code === "string" && { extensions: { code } }),
  };
}
