/** Job ids: UUID version 7 (RFC 9562), so that id order is creation order. */
import { uuidv7 } from "uuidv7";

/** A new id, greater than every id this process made before. */
export function newJobId(): string {
  return uuidv7();
}

/** Milliseconds since 1970 at which `id` was made: its first 48 bits. */
export function jobIdTimeMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
