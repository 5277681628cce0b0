/** Whose fault it is that the statement of a batch failed. */
import { DatabaseError } from "../store/database.ts";

// Connection lost (08, 57), out of resources (53), a lock or statement timeout (55, 57), disk or
// network (58): halving the batch would meet the same again, up to a thousand times.
const NOBODYS_FAULT = /^(08|53|55|57|58)/;

/** True if one item may have spoiled the others', so that the batch is worth halving. */
export function isItemsFault(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return true;
  return error.sqlState !== null && !NOBODYS_FAULT.test(error.sqlState);
}
