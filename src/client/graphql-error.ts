/** An answer that holds errors instead of data. */

export interface GraphQLProblem {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  /** `code` is there where a program may branch on it: NOT_FOUND, BAD_USER_INPUT, UNAVAILABLE ... */
  readonly extensions?: { readonly code?: string };
}

export class GraphQLRequestError extends Error {
  override readonly name = "GraphQLRequestError";
  /** At least one. */
  readonly errors: readonly GraphQLProblem[];

  constructor(errors: readonly GraphQLProblem[]) {
    super(errors.map(({ message }) => message).join("; "));
    this.errors = errors;
  }

  /** The code of the first error that has one. */
  get code(): string | undefined {
    return this.errors.find(({ extensions }) => extensions?.code)?.extensions?.code;
  }
}

/** The server could not be reached, or did not answer as a GraphQL server does. */
export class TransportError extends Error {
  override readonly name = "TransportError";
}
