/** Threads of this instance that a job may take with its own submit, instead of waiting for a claim. */
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { Lane } from "../store/lane-catalog.ts";
import type { StartingPlace } from "../store/start-jobs.ts";

/** Kept until one of the three is called. */
export interface Seat {
  readonly place: StartingPlace;
  /** The commit is known: the job runs. */
  start(job: ClaimedJob): void;
  /** Nothing was started. */
  release(): void;
  /** No answer came: the job may have been started under this token all the same. */
  abandon(token: string): void;
}

export interface Seats {
  /** Null where other jobs wait, or no thread is free. */
  seat(lane: Lane): Seat | null;
}

/** An instance that runs nothing. */
export const NO_SEATS: Seats = { seat: () => null };
