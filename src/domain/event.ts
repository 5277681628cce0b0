/** A committed change of one job, as it travels between instances: never a payload or an error. */
import type { JobStatus } from "./job.ts";

/** Times are milliseconds since 1970, by the database's clock. */
export interface JobEvent {
  readonly id: string;
  readonly version: number;
  readonly status: JobStatus;
  readonly previousStatus: JobStatus | null;
  readonly type: string;
  readonly queue: string;
  readonly priority: number;
  readonly attempt: number;
  readonly attemptsLeft: number;
  readonly threads: number | null;
  readonly progress: number | null;
  /** When the change was made. */
  readonly atMs: number;
  readonly scheduledAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly queueTimeMs: number | null;
}
