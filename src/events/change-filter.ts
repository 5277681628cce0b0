/** Which jobs a live list holds, in two parts: what never changes of a job, and its state. */

import type { JobStatus } from "../domain/job.ts";
import type { JobChange, NetChange } from "../domain/job-change.ts";
import type { JobRecord } from "../domain/job-record.ts";

export interface ChangeFilter {
  /**
   * The same for filters that hold the same and read the same for whoever asks: their lists are one.
   * Null: the list is nobody else's.
   */
  readonly key: string | null;
  /** False for what can be told from a change alone not to belong here: another type, queue or id. */
  readonly mayHold: (change: JobChange) => boolean;
  /** Of a job's state: the status, and when it finished. Not given: by the status alone. */
  readonly holdsState: (status: JobStatus, finishedAtMs?: number | null) => boolean;
  /**
   * Those of the jobs that meet what never changes; null where the changes alone tell it, and nobody
   * wants to see the jobs.
   */
  readonly read: ((ids: readonly string[]) => Promise<ReadonlyMap<string, JobRecord>>) | null;
}

export type ChangeKind = "ENTERED" | "UPDATED" | "LEFT";

/** A change as a live list tells it. */
export interface ListChange {
  readonly kind: ChangeKind;
  readonly id: string;
  readonly previousStatus: JobStatus | null;
  /** Null where it was not asked for. */
  readonly job: JobRecord | null;
}

/** What these changes are to the list, in their order; those that are nothing to it are left out. */
export async function tellChanges(
  filter: ChangeFilter,
  changes: readonly NetChange[],
): Promise<ListChange[]> {
  const candidates = changes.filter((change) => isOfInterest(filter, change));
  const read = filter.read;
  if (read === null) return candidates.flatMap((change) => told(filter, change, null));
  const jobs = candidates.length === 0 ? null : await read(candidates.map(({ id }) => id));
  return candidates.flatMap((change) => {
    const job = jobs?.get(change.id);
    return job === undefined ? [] : told(filter, change, job);
  });
}

/** Before, after, or by what the database will say. */
function isOfInterest(filter: ChangeFilter, change: NetChange): boolean {
  const { status, previousStatus, passedStatuses } = change;
  const states = previousStatus === null ? [status] : [status, previousStatus];
  return (
    filter.mayHold(change) &&
    [...states, ...passedStatuses].some((state) => filter.holdsState(state))
  );
}

/** @param job as it is now, which may be newer than the change */
function told(filter: ChangeFilter, change: NetChange, job: JobRecord | null): ListChange[] {
  const { id, previousStatus, passedStatuses } = change;
  const wasHere = previousStatus !== null && filter.holdsState(previousStatus);
  const mayBeHeld = wasHere || passedStatuses.some((status) => filter.holdsState(status));
  const isHere =
    job !== null && job.version >= change.version
      ? filter.holdsState(job.status, job.finishedAtMs)
      : filter.holdsState(change.status);
  if (!mayBeHeld && !isHere) return [];
  const kind = isHere ? (wasHere ? "UPDATED" : "ENTERED") : "LEFT";
  return [{ kind, id, previousStatus, job }];
}
