/** Variables that are nearly ours. */
import { nearName } from "../domain/near-name.ts";

/** Shorter names are near too many others: PORT and SORT, ROLE and RULE. */
const NAME_MIN = 8;
/** From this length on, two slips are still no coincidence. */
const LONG_NAME = 10;

/**
 * The variable of ours that `name` was most likely meant to be: a letter too many, too few, wrong or
 * changed with its neighbour, or small letters. Null for one of ours, and for one that is not near any.
 */
export function meantVariable(name: string, ours: readonly string[]): string | null {
  if (ours.includes(name)) return null;
  const known = ours.filter(({ length }) => length >= NAME_MIN);
  return nearName(name.toUpperCase(), known, ({ length }) => (length >= LONG_NAME ? 2 : 1));
}
