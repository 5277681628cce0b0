/** Tells live clients to go elsewhere, a few at a time. */
import { setTimeout as delay } from "node:timers/promises";

const TICK_MS = 20;
/** At most: a whole fleet that reconnects at once would be the next instance's outage. */
const SPREAD_MS = 3_000;

/**
 * Calls each of `endings`, one every 20 ms, more at a time where that would take longer than 3 s or
 * `withinMs`. A few clients do not hold up a stop, and thousands do not come back together.
 */
export async function endSpread(endings: readonly (() => void)[], withinMs: number): Promise<void> {
  const ticks = Math.max(1, Math.floor(Math.min(SPREAD_MS, withinMs) / TICK_MS));
  const perTick = Math.max(1, Math.ceil(endings.length / ticks));
  for (let start = 0; start < endings.length; start += perTick) {
    if (start > 0) await delay(TICK_MS);
    for (const end of endings.slice(start, start + perTick)) end();
  }
}
