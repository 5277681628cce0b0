/** How much may be said of variables that do not fit their types. */
import type { ExecutionArgs } from "graphql";

/** The part of an operation's context that counts here: the request's text, over HTTP. */
interface WithBody {
  readonly body?: string | null;
}

/** A shorter request cannot hurt. */
const HARMLESS_CHARS = 64 * 1_024;

/**
 * graphql-js prints the whole value into each of up to 50 errors, and looks for names that are near to
 * each that it does not know: a request of 31 MB then took 15 seconds and 3 GB. Of a long request the
 * first error has to do; over WebSocket messages are short.
 */
export function withFewErrors(args: ExecutionArgs): ExecutionArgs {
  const { body } = args.contextValue as WithBody;
  if (typeof body !== "string" || body.length <= HARMLESS_CHARS) return args;
  return { ...args, options: { ...args.options, maxCoercionErrors: 1 } };
}
