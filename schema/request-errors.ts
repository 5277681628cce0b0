/** Shows errors that are the request's own, with their code; all others stay masked. */
import { GraphQLError, type GraphQLObjectType, type GraphQLSchema } from "graphql";
import { RequestError } from "../src/domain/errors.ts";
import { DatabaseError } from "../src/store/database.ts";

/** Wraps the fields of the three roots: what a request asks for is decided there. */
export function showRequestErrors(schema: GraphQLSchema): GraphQLSchema {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  for (const root of roots) if (root) wrapFields(root);
  return schema;
}

/** `error` as clients may see it, or as it was if they may not. */
export function shownError(error: unknown): unknown {
  if (error instanceof RequestError) return withCode(error.message, error.code);
  if (error instanceof DatabaseError && error.isConnectionLost) {
    const message =
      "the database cannot be reached; try again in a moment (a submit is safe to repeat if it has an idempotencyKey)";
    return withCode(message, "UNAVAILABLE");
  }
  return error;
}

function withCode(message: string, code: RequestError["code"]): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

function wrapFields(root: GraphQLObjectType): void {
  for (const field of Object.values(root.getFields())) {
    if (field.resolve) field.resolve = showing(field.resolve);
    if (field.subscribe) field.subscribe = showing(field.subscribe);
  }
}

function showing<Args extends unknown[]>(
  resolve: (...args: Args) => unknown,
): (...args: Args) => Promise<unknown> {
  return async (...args) => {
    try {
      return await resolve(...args);
    } catch (error) {
      throw shownError(error);
    }
  };
}
