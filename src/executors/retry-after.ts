/** The Retry-After header of HTTP: a number of seconds, or a date. */

/**
 * Milliseconds from `nowMs` on, from 0 to `maxMs`; null if there is no such header, or if it says
 * nothing that can be understood.
 */
export function retryAfterMs(
  header: string | readonly string[] | undefined,
  nowMs: number,
  maxMs: number,
): number | null {
  const text = (typeof header === "string" ? header : header?.[0])?.trim() ?? "";
  const asked = /^\d+$/.test(text) ? Number(text) * 1_000 : dateMs(text) - nowMs;
  return Number.isNaN(asked) ? null : Math.min(Math.max(asked, 0), maxMs);
}

/** Only what begins with a weekday: Date.parse takes "-5" for a day in May. */
function dateMs(text: string): number {
  return /^[A-Z][a-z]+, /.test(text) ? Date.parse(text) : Number.NaN;
}
