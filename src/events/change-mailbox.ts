/** What a live list has not been told yet, one entry a job: bounded, for it only has to be newest. */
import type { NetChange } from "../domain/job-change.ts";

export class ChangeMailbox {
  readonly #jobsMax: number;
  #entries = new Map<string, NetChange>();
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
  put(change: NetChange): void {
    const entry = this.#entries.get(change.id);
    if (entry === undefined && this.#entries.size >= this.#jobsMax) this.overflow();
    if (this.#hasOverflown) return;
    this.#entries.set(change.id, entry === undefined ? change : together(entry, change));
  }

  /** What waits is worth nothing any more: it is too much, or a part of it is lost. */
  overflow(): void {
    this.#hasOverflown = true;
    this.#entries.clear();
  }

  /** Empties it; null after an overflow. */
  take(): NetChange[] | null {
    const changes = this.#hasOverflown ? null : [...this.#entries.values()];
    this.#entries = new Map();
    this.#hasOverflown = false;
    return changes;
  }
}

function together(one: NetChange, other: NetChange): NetChange {
  const [older, newest] = other.version > one.version ? [one, other] : [other, one];
  const { since, previousStatus } = other.since < one.since ? other : one;
  const passed = new Set([...one.passedStatuses, ...other.passedStatuses]);
  if (older.version < newest.version) passed.add(older.status);
  for (const part of [one, other]) {
    if (part.previousStatus !== null) passed.add(part.previousStatus);
  }
  return { ...newest, since, previousStatus, passedStatuses: [...passed] };
}
