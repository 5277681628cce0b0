/** Errors that are nobody's bug, for whoever masks the others. */
import { RequestError } from "../src/domain/errors.ts";
import { DatabaseError } from "../src/store/database.ts";

const BUSY = "the database is too busy or read-only at the moment; try again later";
const UNREACHABLE =
  "the database did not answer; try again in a moment (a submit is safe to repeat if it has an " +
  "idempotencyKey)";

/** What a caller may be told of an error that a resolver threw; null if it is a bug. */
export function toRequestError(error: unknown): RequestError | null {
  if (error instanceof RequestError) return error;
  if (!(error instanceof DatabaseError)) return null;
  if (error.isBusy) return new RequestError("UNAVAILABLE", BUSY);
  return error.isConnectionLost ? new RequestError("UNAVAILABLE", UNREACHABLE) : null;
}
