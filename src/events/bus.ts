/** Carries events and wake-ups between instances, or inside one process. */
import type { JobEvent } from "../domain/event.ts";
import type { LanePlace } from "../domain/lane-place.ts";
import type { Turns } from "./turns.ts";

/**
 * "There may be work": lanes that got ready jobs, the earliest time at which one will, instances that are
 * to let go of jobs, or jobs whose watchers have something to read.
 */
export interface WakeUp {
  readonly lanes?: readonly number[];
  /** Where the first of those jobs stands in its lane; without it, anywhere. */
  readonly from?: LanePlace;
  /** A job was scheduled for this time (milliseconds since 1970). */
  readonly dueAtMs?: number;
  /** The database's numbers of instances for which a cancel waits. */
  readonly cancels?: readonly number[];
  /** Jobs that have logged; only watched ones, see `isWatched`. */
  readonly logs?: readonly string[];
}

export interface BusStatus {
  readonly kind: "in-process" | "redis";
  readonly connected: boolean;
  /** In words for the banner and the log, without credentials. */
  readonly name: string;
}

/**
 * A hint, never the truth: any message may be lost, doubled or late, and the database repairs it.
 * `publish` and `wake` never throw and never wait.
 */
export interface Bus {
  /** Work that one instance of the fleet is enough for. */
  readonly turns: Turns;
  start(): Promise<void>;
  stop(): Promise<void>;
  status(): BusStatus;

  /** After the commit that made them. Own listeners are called at once, others through Redis. */
  publish(events: readonly JobEvent[]): void;
  /** False if nobody watches this job, on any instance: its events need not be built. */
  isWatched(jobId: string): boolean;
  wake(wakeUp: WakeUp): void;

  /** Own events, and those of other instances that fall under an announced interest or beside it. */
  onEvents(listener: (events: readonly JobEvent[]) => void): Unsubscribe;
  onWake(listener: (wakeUp: WakeUp) => void): Unsubscribe;
  /** Messages may have been missed: compare what you hold with the database now. */
  onGap(listener: () => void): Unsubscribe;

  /**
   * Tells all instances that this one wants the events of a job, or of all jobs (`null`). Resolves
   * when they have heard it, or after a short wait: read the snapshot after that.
   */
  announceInterest(jobId: string | null): Promise<Unsubscribe>;
}

export type Unsubscribe = () => void;
