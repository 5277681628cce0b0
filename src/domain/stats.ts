/** Numbers of jobs by status. */
import type { JobStatus } from "./job.ts";

export interface StatsRecord {
  /** When the numbers were read, by the database's clock, in milliseconds since 1970. */
  readonly asOfMs: number;
  readonly counts: Record<JobStatus, number>;
  /** The earliest scheduled time of a PENDING job; null if there is none. */
  readonly oldestPendingAtMs: number | null;
}

/** An absent list means any, an empty one none. */
export interface StatsFilter {
  readonly queues?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
}
