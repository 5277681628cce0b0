/** The event log, as main hands it in: events know no store. */
import type { LogMark, LogPage, LogPlace, LogPosition } from "../domain/log-position.ts";

export interface LogSource {
  /** What is committed by now. */
  now(): Promise<LogMark>;
  /** What has become visible since then. */
  since(mark: LogMark, after: LogPlace | null): Promise<LogPage>;
  /** Everything that may have become visible after it. */
  from(position: LogPosition, after: LogPlace | null): Promise<LogPage>;
  /** False where retention has taken what came after it. */
  keeps(position: LogPosition): Promise<boolean>;
}

/** False where transaction ids after it say nothing: the database was restored, or another took over. */
export function continues(before: LogPosition, now: LogPosition): boolean {
  const isSame = before.epoch === now.epoch && before.history === now.history;
  return isSame && BigInt(before.xmin) <= BigInt(now.xmin);
}
