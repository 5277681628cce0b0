/** Reads what a client has missed out of the event log. */
import type { JobChange } from "../domain/job-change.ts";
import type { LogPosition } from "../domain/log-position.ts";
import { continues, type LogSource } from "./log-source.ts";

/** Of 500 rows, each of up to a thousand changes. Who is further behind reads the list anew. */
const PAGES_MAX = 40;

/**
 * Tells all changes that may have become visible after `after`, in their order.
 *
 * @param tell false: nobody wants to hear the rest
 * @returns false where changes are missing: too many, gone with retention, or of another history
 */
export async function replayChanges(
  source: LogSource,
  after: LogPosition,
  tell: (change: JobChange) => boolean,
): Promise<boolean> {
  if (!(await source.keeps(after))) return false;
  let page = await source.from(after, null);
  if (!continues(after, page.mark.position)) return false;
  for (let pages = 1; ; pages += 1) {
    for (const change of page.changes) if (!tell(change)) return true;
    if (page.next === null) return true;
    if (pages === PAGES_MAX) return false;
    page = await source.from(after, page.next);
  }
}
