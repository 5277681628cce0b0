/** What a list of jobs is asked for, and what it answers. */
import type { JobStatus } from "../../domain/job.ts";
import type { JobRecord } from "../../domain/job-record.ts";

/**
 * CREATED_AT: all jobs. FINISHED_AT: finished ones only. PRIORITY: waiting and running ones only;
 * DESC is the order in which they run (higher first, then earlier scheduled, then id; before all of
 * them those that have waited too long), ASC its reverse.
 */
export type ListField = "CREATED_AT" | "FINISHED_AT" | "PRIORITY";

export interface ListOrder {
  readonly field: ListField;
  readonly direction: "ASC" | "DESC";
}

/**
 * All conditions hold together. An absent one is no condition, an empty list matches nothing. Times
 * are milliseconds since 1970; `After` includes its moment and `Before` does not, so that windows
 * meet without an overlap.
 */
export interface JobListFilter {
  /** At most 10,000. */
  readonly ids?: readonly string[] | undefined;
  readonly status?: readonly JobStatus[] | undefined;
  readonly type?: readonly string[] | undefined;
  readonly queue?: readonly string[] | undefined;
  /** The job has all of them. */
  readonly tags?: readonly string[] | undefined;
  readonly createdAfterMs?: number | undefined;
  readonly createdBeforeMs?: number | undefined;
  readonly finishedAfterMs?: number | undefined;
  readonly finishedBeforeMs?: number | undefined;
  /** How the name begins, in any case. */
  readonly name?: string | undefined;
  /** A JSON value that the payload contains, as jsonb's @> has it. */
  readonly payload?: unknown;
}

export interface JobListQuery {
  readonly filter: JobListFilter;
  readonly orderBy: ListOrder;
  readonly limit: number;
  readonly after: string | null;
  readonly before: string | null;
  /** The last `limit` jobs of the range instead of the first; the page's order stays the same. */
  readonly backward: boolean;
}

export interface JobPage {
  readonly jobs: readonly { readonly job: JobRecord; readonly cursor: string }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Of the whole filter, exact; null where counting would be slow. */
  readonly totalCount: number | null;
  /** False where a search by name or payload left out jobs past the newest 100,000. */
  readonly searchedAll: boolean;
}

export const EMPTY_PAGE: JobPage = {
  jobs: [],
  hasNextPage: false,
  hasPreviousPage: false,
  totalCount: 0,
  searchedAll: true,
};
