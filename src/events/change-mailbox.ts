/** What a live list has not been told yet, one entry a job: bounded, for it only has to be newest. */
import type { JobStatus } from "../domain/job.ts";
import type { NetChange } from "../domain/job-change.ts";

/** A change that is to be told. */
export interface Untold extends NetChange {
  /**
   * Besides the previous status, those that the list may have been told already: a start can be heard
   * of before its submit, and in an earlier message. Together with the end, the submit alone would make
   * nothing of it for a list of running jobs, and the job would stay there for ever.
   */
  readonly heldStatuses: readonly JobStatus[];
  /** Cuts that were made before it was put. */
  readonly cuts: number;
}

export class ChangeMailbox {
  readonly #jobsMax: number;
  #entries = new Map<string, Untold>();
  #hasOverflown = false;
  #cuts = 0;

  constructor(jobsMax: number) {
    this.#jobsMax = jobsMax;
  }

  get hasOverflown(): boolean {
    return this.#hasOverflown;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0 && !this.#hasOverflown;
  }

  /**
   * Somebody may know each job as it is now, besides what was told: for them its next change starts
   * there. So that status may be held, too.
   */
  cut(): void {
    this.#cuts += 1;
  }

  /** Changes of one job may come in any order. */
  put(change: NetChange | Untold): void {
    const entry = this.#entries.get(change.id);
    if (entry === undefined && this.#entries.size >= this.#jobsMax) this.overflow();
    if (this.#hasOverflown) return;
    const cuts = this.#cuts;
    const untold =
      "cuts" in change ? change : { ...change, heldStatuses: heldStatuses(change), cuts };
    this.#entries.set(change.id, entry === undefined ? untold : together(entry, untold, cuts));
  }

  /** What waits is worth nothing any more: it is too much, or a part of it is lost. */
  overflow(): void {
    this.#hasOverflown = true;
    this.#entries.clear();
  }

  /** Empties it; null after an overflow. */
  take(): Untold[] | null {
    const changes = this.#hasOverflown ? null : [...this.#entries.values()];
    this.#entries = new Map();
    this.#hasOverflown = false;
    return changes;
  }
}

/** What is older than what is known comes late: the rest may have been told. */
function heldStatuses({ since, version, status, passedStatus }: NetChange): JobStatus[] {
  const passed = passedStatus === null ? [] : [passedStatus];
  return since < version ? [status, ...passed] : passed;
}

/** The end may be waiting here when the submit comes: what was told lies between them. */
function together(one: Untold, other: Untold, cuts: number): Untold {
  const newest = other.version > one.version ? other : one;
  const isLate = other.since < one.since;
  const { since, previousStatus } = isLate ? other : one;
  const held = new Set([...one.heldStatuses, ...other.heldStatuses]);
  if (isLate && one.previousStatus !== null) held.add(one.previousStatus);
  for (const part of [one, other]) if (part.cuts < cuts) held.add(part.status);
  return { ...newest, since, previousStatus, heldStatuses: [...held], cuts };
}
