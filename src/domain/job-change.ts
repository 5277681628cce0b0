/** What the live lists need to know of committed changes. */
import type { JobEvent } from "./event.ts";
import type { JobStatus } from "./job.ts";

/** The part of an event that the event log has, too. `previousStatus` is null for a submit. */
export type JobChange = Pick<
  JobEvent,
  "id" | "version" | "status" | "previousStatus" | "type" | "queue"
>;

/** Several changes of one job as one: from before the oldest to after the newest. */
export interface NetChange extends JobChange {
  /** The version that the oldest of them made. */
  readonly since: number;
  /** A status on the way that was heard of late, or not at all; null: there is none. */
  readonly passedStatus: JobStatus | null;
}
