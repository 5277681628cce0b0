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
  /**
   * All between the previous status and the newest, for a list may have been told any of them, or its
   * reader may know it: a message reads the jobs when it is made, ahead of changes that are heard of for
   * the next one; a start can be heard of before its submit, and in an earlier message; a cursor is older
   * than what was told with it; and somebody may read the list at any time. If the net change alone
   * counted, a job that started and ended in it would stay in a list of running jobs for ever.
   */
  readonly passedStatuses: readonly JobStatus[];
}
