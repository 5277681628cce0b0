/** Which of the names that there are somebody most likely meant. */

/** The closest of `known` that is at most `slipsMax(name)` slips away; null if none is. */
export function nearName(
  name: string,
  known: readonly string[],
  slipsMax: (known: string) => number,
): string | null {
  const near = known
    .map((each) => ({ each, slips: slipsWithin(name, each, slipsMax(each)) }))
    .filter(({ slips }) => Number.isFinite(slips))
    .toSorted((a, b) => a.slips - b.slips);
  return near[0]?.each ?? null;
}

/** Infinity if there are more than `max`. */
function slipsWithin(a: string, b: string, max: number): number {
  // Of a name of a megabyte no table is made.
  if (Math.abs(a.length - b.length) > max) return Number.POSITIVE_INFINITY;
  const slips = slipsBetween(a, b);
  return slips > max ? Number.POSITIVE_INFINITY : slips;
}

/** A letter too many, too few, wrong, or changed with its neighbour: the optimal string alignment distance. */
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
