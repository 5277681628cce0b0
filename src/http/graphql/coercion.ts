/** How much may be said of variables that do not fit their types. */
import type { ExecutionArgs } from "graphql";
import type { ServerContext } from "./graphql-engine.ts";

/** A shorter request cannot hurt. */
const HARMLESS_CHARS = 64 * 1_024;

/**
 * graphql-js prints the whole value into each of up to 50 errors, and looks for names that are near to
 * each that it does not know: a request of 31 MB then took 15 seconds and 3 GB. Of a long request the
 * first error has to do; over WebSocket messages are short.
 */
export function withFewErrors(args: ExecutionArgs): ExecutionArgs {
  const { body } = args.contextValue as Pick<ServerContext, "body">;
  if (typeof body !== "string" || body.length <= HARMLESS_CHARS) return args;
  return { ...args, options: { ...args.options, maxCoercionErrors: 1 } };
}
