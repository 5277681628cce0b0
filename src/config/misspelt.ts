/** Variables that are nearly ours. */

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
  const upper = name.toUpperCase();
  const near = ours
    .filter((known) => known.length >= NAME_MIN && isNear(upper, known))
    .toSorted((a, b) => slipsBetween(upper, a) - slipsBetween(upper, b));
  return near[0] ?? null;
}

function isNear(name: string, known: string): boolean {
  const slipsMax = known.length >= LONG_NAME ? 2 : 1;
  if (Math.abs(name.length - known.length) > slipsMax) return false;
  return slipsBetween(name, known) <= slipsMax;
}

/** The optimal string alignment distance. */
function slipsBetween(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const here = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      here[column] = Math.min(
        (above[column] ?? 0) + 1,
        (here[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + same,
        swapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = above;
    above = here;
  }
  return above[b.length] ?? 0;
}
