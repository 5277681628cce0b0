/** What a live list has not been told yet, one entry a job: bounded, for it only has to be newest. */
import type { JobStatus } from "../domain/job.ts";
import type { NetChange } from "../domain/job-change.ts";

/** A change that is to be told. */
export interface Untold extends NetChange {
  /**
   * All between the previous status and the newest, for the list may have been told any of them, or its
   * reader may know it: a message reads the jobs when it is made, ahead of changes that are heard of for
   * the next one; a start can be heard of before its submit, and in an earlier message; a cursor is older
   * than what was told with it; and somebody may read the list at any time. If the net change alone
   * counted, a job that started and ended in it would stay in a list of running jobs for ever.
   */
  readonly passedStatuses: readonly JobStatus[];
}

export class ChangeMailbox {
  readonly #jobsMax: number;
  #entries = new Map<string, Untold>();
  #hasOverflown = false;

  constructor(jobsMax: number) {
    this.#jobsMax = jobsMax;
  }

  get hasOverflown(): boolean {
    return this.#hasOverflown;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0 && !this.#hasOverflown;
  }

  /** Changes of one job may come in any order. */
  put(change: NetChange | Untold): void {
    const entry = this.#entries.get(change.id);
    if (entry === undefined && this.#entries.size >= this.#jobsMax) this.overflow();
    if (this.#hasOverflown) return;
    const untold = "passedStatuses" in change ? change : alone(change);
    this.#entries.set(change.id, entry === undefined ? untold : together(entry, untold));
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

function alone(change: NetChange): Untold {
  const { passedStatus } = change;
  return { ...change, passedStatuses: passedStatus === null ? [] : [passedStatus] };
}

function together(one: Untold, other: Untold): Untold {
  const [older, newest] = other.version > one.version ? [one, other] : [other, one];
  const { since, previousStatus } = other.since < one.since ? other : one;
  const passed = new Set([...one.passedStatuses, ...other.passedStatuses]);
  if (older.version < newest.version) passed.add(older.status);
  for (const part of [one, other]) {
    if (part.previousStatus !== null) passed.add(part.previousStatus);
  }
  return { ...newest, since, previousStatus, passedStatuses: [...passed] };
}
