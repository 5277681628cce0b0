/** What becomes of a job that was not started before its `expiresAt`. */
import type { JobRecord } from "./job-record.ts";

/**
 * Why a job that nobody asked to cancel is CANCELLED: nothing else than its expiry does that. Null for
 * any other job.
 */
export function expiryReason(job: JobRecord): string | null {
  const { status, expiresAtMs, finishedAtMs, attempt } = job;
  if (status !== "CANCELLED" || expiresAtMs === null || finishedAtMs === null) return null;
  if (finishedAtMs < expiresAtMs) return null;
  const again = attempt > 0 ? " again" : "";
  return `expired at ${new Date(expiresAtMs).toISOString()}, before it could start${again}`;
}
