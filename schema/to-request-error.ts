/** Errors that are nobody's bug, for whoever masks the others. */
import { RequestError } from "../src/domain/errors.ts";
import { DatabaseError } from "../src/store/database.ts";

/** What a caller may be told of an error that a resolver threw; null if it is a bug. */
export function toRequestError(error: unknown): RequestError | null {
  if (error instanceof RequestError) return error;
  if (!(error instanceof DatabaseError && error.isConnectionLost)) return null;
  const message =
    "the database cannot be reached; try again in a moment (a submit is safe to repeat if it has " +
    "an idempotencyKey)";
  return new RequestError("UNAVAILABLE", message);
}
