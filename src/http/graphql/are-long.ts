/** Whether variables are long enough to need care, found out without looking at more than that. */
import type { ExecutionArgs } from "graphql";

/** Of fewer graphql-js tells all that is wrong with them, at no cost worth mentioning. */
const HARMLESS_CHARS = 64 * 1_024;

/** Without recursion: a short text may be nested 30,000 deep. */
export function areLong(variables: ExecutionArgs["variableValues"]): boolean {
  let charsLeft = HARMLESS_CHARS;
  const unseen: unknown[] = [variables];
  while (unseen.length > 0) {
    const value = unseen.pop();
    charsLeft -= typeof value === "string" ? value.length : 1;
    if (typeof value === "object" && value !== null) {
      for (const key in value) {
        charsLeft -= key.length;
        if (charsLeft < 0) return true;
        unseen.push((value as Record<string, unknown>)[key]);
      }
    }
    if (charsLeft < 0) return true;
  }
  return false;
}
