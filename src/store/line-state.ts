/** What the failure of a statement says of the connection that it went by. */
import { DatabaseError } from "./database.ts";

/**
 * broken: the connection is gone, while others may have theirs; server away: nobody has one;
 * unknown: no answer came in time, or it was an answer.
 */
export type LineState = "broken" | "server away" | "unknown";

/** Starting up, shutting down or recovering. */
const CANNOT_CONNECT_NOW = "57P03";

/** pg's own limits: on an answer, on a new connection, on a free one of the pool. */
const TIMEOUTS: ReadonlySet<string> = new Set([
  "Query read timeout",
  "timeout expired",
  "Connection terminated due to connection timeout",
  "timeout exceeded when trying to connect",
]);

/**
 * A refused connection passes for a server that is away: a restart refuses everybody, and is far more
 * common than a network that refuses one.
 */
export function lineAfter(error: unknown): LineState {
  if (!(error instanceof DatabaseError)) return "unknown";
  if (error.sqlState === CANNOT_CONNECT_NOW || isCausedBy(error, isRefusal)) return "server away";
  return error.isConnectionLost && !isCausedBy(error, isTimeout) ? "broken" : "unknown";
}

function isCausedBy(error: unknown, isIt: (cause: Error) => boolean): boolean {
  if (!(error instanceof Error)) return false;
  return isIt(error) || isCausedBy(error.cause, isIt);
}

function isRefusal(error: Error): boolean {
  return "code" in error && error.code === "ECONNREFUSED";
}

/** pg has no codes for these. */
function isTimeout({ message }: Error): boolean {
  return TIMEOUTS.has(message);
}
