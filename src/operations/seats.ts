/** Threads of this instance that a job may take with its own submit, instead of waiting for a claim. */
import type { Lane } from "../store/lane-catalog.ts";
import type { Seat } from "../store/start-jobs.ts";

export interface Seats {
  /** Null where other jobs wait, or no thread is free. */
  seat(lane: Lane): Seat | null;
}

/** An instance that runs nothing. */
export const NO_SEATS: Seats = { seat: () => null };
