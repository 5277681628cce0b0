/** Places in the event log. */
import type { JobChange } from "./job-change.ts";

/** Everything that committed before it has been read; what came later may have been, too. */
export interface LogPosition {
  /** Rises when a restore resets transaction ids. */
  readonly epoch: number;
  /** The cluster, the database and the line of history: another one after a restore or a failover. */
  readonly history: string;
  /** A transaction id, as digits. */
  readonly xmin: string;
  /** The database's clock then, in milliseconds since 1970. */
  readonly atMs: number;
}

/** Exactly what is committed at one moment. */
export interface LogMark {
  readonly position: LogPosition;
  /** PostgreSQL's text of the snapshot. */
  readonly snapshot: string;
}

/** Behind a row of the log. */
export interface LogPlace {
  readonly xid: string;
  readonly seq: string;
}

export interface LogPage {
  /** What was committed when the page was read. */
  readonly mark: LogMark;
  readonly changes: readonly JobChange[];
  /** Where the next page begins; null: this is the last. */
  readonly next: LogPlace | null;
}
