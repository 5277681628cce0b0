/** What the live lists need to know of committed changes. */
import type { JobStatus } from "./job.ts";

export interface JobChange {
  readonly id: string;
  readonly version: number;
  readonly status: JobStatus;
  /** Null for a submit. */
  readonly previousStatus: JobStatus | null;
  readonly type: string;
  readonly queue: string;
}

/** Several changes of one job as one: from before the oldest to after the newest. */
export interface NetChange extends JobChange {
  /** The version that the oldest of them made. */
  readonly since: number;
}
