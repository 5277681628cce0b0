/** What pg throws, in the store's words. */
import pg from "pg";
import { reasonOf } from "../domain/errors.ts";
import { DatabaseError } from "./database.ts";

/**
 * `error` of pg as a DatabaseError. Only what the server itself sent has an SQLSTATE: a socket's
 * `code` (ECONNRESET and the like) must not pass for one.
 *
 * @param server how to call the server in a message, e.g. "PostgreSQL at 127.0.0.1:5432"
 */
export function toDatabaseError(statement: string, error: unknown, server: string): DatabaseError {
  if (error instanceof DatabaseError) return error;
  if (error instanceof pg.DatabaseError) {
    return new DatabaseError(statement, error, error.code ?? null, error.constraint ?? null);
  }
  const cause = new Error(`no answer from ${server}: ${reasonOf(error)}`, { cause: error });
  return new DatabaseError(statement, cause, null, null);
}

/** True if the connection cannot be used again after `error`. */
export function breaksConnection(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return true;
  return error.severity === "FATAL" || error.severity === "PANIC";
}

/**
 * True if a prepared statement no longer fits the tables (a migration ran meanwhile) or is unknown
 * to the server (a pooler gave us another connection): prepared anew, it runs.
 */
export function isStaleStatement(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  if (error.code === "26000") return true;
  return error.code === "0A000" && error.routine === "RevalidateCachedQuery";
}
