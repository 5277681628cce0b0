/** What a caller may see of an error: coded ones as they are, everything else as one sentence. */
import { GraphQLError, type GraphQLErrorExtensions, type GraphQLFormattedError } from "graphql";
import type { Logger } from "pino";
import { RequestError } from "../../domain/errors.ts";

export type MaskError = (error: unknown) => GraphQLError;

/** Where an error means more than "this field failed", over HTTP. */
const HTTP_STATUS: Readonly<Record<string, number>> = {
  UNAVAILABLE: 503,
  TOO_MANY_SUBSCRIPTIONS: 503,
};

const MESSAGE_CHARS_MAX = 2_000;
export const RETRY_AFTER_SECONDS = 2;

/** Keys under which libraries put the error behind an error, stack included. */
const INTERNAL_EXTENSIONS = ["originalError", "exception", "stacktrace", "stack"];

/**
 * @param toRequestError turns what the caller could act on (the database is away) into a coded error
 */
export function createMaskError(
  log: Logger,
  toRequestError: (error: unknown) => RequestError | null,
): MaskError {
  return (error) => {
    const cause = isAboutVariables(error) ? error : rootOf(error);
    if (cause instanceof GraphQLError) return withoutInternals(withCode(cause, error), error);
    const coded = cause instanceof RequestError ? cause : toRequestError(cause);
    if (coded !== null) return place(coded.message, codedExtensions(coded.code), error);
    log.error({ err: cause, ...whereOf(error) }, "a GraphQL operation failed unexpectedly");
    return place(
      "Something went wrong inside the server; its log says what.",
      { code: "INTERNAL_SERVER_ERROR", unexpected: true },
      error,
    );
  };
}

/** A coded error that is made by the server rather than thrown by an operation. */
export function codedError(code: string, message: string, httpStatus?: number): GraphQLError {
  return new GraphQLError(message, { extensions: codedExtensions(code, httpStatus) });
}

/** An error as it is sent, without the hints that were for the HTTP side. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const { extensions: all, ...formatted } = error.toJSON();
  const { http: _http, unexpected: _unexpected, ...extensions } = all ?? {};
  return Object.keys(extensions).length === 0 ? formatted : { ...formatted, extensions };
}

/** Errors are wrapped where a resolver threw: the innermost one says what happened. */
function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof GraphQLError && root.originalError !== undefined) {
    root = root.originalError;
  }
  return root;
}

/**
 * graphql-js checks variables before it executes. Its own words then name the place ("at
 * input.scheduledAt"), which the scalar's error that it wraps does not.
 */
function isAboutVariables(error: unknown): error is GraphQLError {
  return (
    error instanceof GraphQLError &&
    error.path === undefined &&
    /^Variable "\$[^"]+" (got invalid value|of )/.test(error.message)
  );
}

function withCode(cause: GraphQLError, error: unknown): GraphQLError {
  if (!isAboutVariables(error)) return cause;
  // It repeats the value, which may be a megabyte long.
  return new GraphQLError(cause.message.slice(0, MESSAGE_CHARS_MAX), {
    nodes: cause.nodes ?? null,
    extensions: { ...cause.extensions, code: "BAD_USER_INPUT" },
  });
}

function withoutInternals(cause: GraphQLError, error: unknown): GraphQLError {
  const { extensions } = cause;
  const hasInternals = INTERNAL_EXTENSIONS.some((key) => Object.hasOwn(extensions, key));
  if (!hasInternals && cause === error) return cause;
  const clean = Object.entries(extensions).filter(([key]) => !INTERNAL_EXTENSIONS.includes(key));
  return place(cause.message, Object.fromEntries(clean), error);
}

function codedExtensions(code: string, status = HTTP_STATUS[code]): GraphQLErrorExtensions {
  if (status === undefined) return { code };
  const headers = status === 503 ? { "retry-after": String(RETRY_AFTER_SECONDS) } : {};
  return { code, http: { status, headers } };
}

/** A fresh error at the place of `error`, with nothing of it that could be printed. */
function place(message: string, extensions: GraphQLErrorExtensions, error: unknown): GraphQLError {
  if (!(error instanceof GraphQLError)) return new GraphQLError(message, { extensions });
  const { nodes, path } = error;
  return new GraphQLError(message, { nodes: nodes ?? null, path: path ?? null, extensions });
}

function whereOf(error: unknown): { at?: string } {
  const path = error instanceof GraphQLError ? error.path : undefined;
  return path === undefined ? {} : { at: path.join(".") };
}
