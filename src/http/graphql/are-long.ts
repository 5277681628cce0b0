/** Whether variables are long enough to need care, found out without looking at more than that. */
import type { ExecutionArgs } from "graphql";

/** Of fewer graphql-js tells all that is wrong with them, at no cost worth mentioning. */
const HARMLESS_CHARS = 64 * 1_024;

/** Without recursion: a short text may be nested 30,000 deep. */
export function areLong(variables: ExecutionArgs["variableValues"]): boolean {
  const unseen: unknown[] = [variables];
  let charsLeft = HARMLESS_CHARS;
  while (unseen.length > 0 && charsLeft >= 0) {
    const value = unseen.pop();
    if (typeof value === "string") charsLeft -= value.length;
    else if (typeof value === "object" && value !== null) charsLeft = add(value, unseen, charsLeft);
  }
  return charsLeft < 0;
}

/** To what is `unseen`, as long as characters are left; gives those that are then. */
function add(value: object, unseen: unknown[], chars: number): number {
  let charsLeft = chars;
  if (Array.isArray(value)) {
    // By index: neither indexes nor entries of a list of millions need be listed.
    for (let index = 0; index < value.length && charsLeft >= 0; index += 1) {
      charsLeft -= 1;
      unseen.push(value[index]);
    }
    return charsLeft;
  }
  for (const name in value) {
    charsLeft -= name.length + 1;
    if (charsLeft < 0) break;
    unseen.push((value as Record<string, unknown>)[name]);
  }
  return charsLeft;
}
