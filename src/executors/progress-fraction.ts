/** What `context.progress` takes. */

/**
 * From 0 to 1; values outside are moved to the nearer end.
 *
 * @throws TypeError for what is no finite number
 */
export function progressFraction(value: number): number {
  if (!Number.isFinite(value)) throw new TypeError("progress() needs a number from 0 to 1");
  return Math.min(1, Math.max(0, value));
}
