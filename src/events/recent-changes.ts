/**
 * The newest state that an instance knows of each changed job, for as long as the bus and the event
 * log may still tell of it: nearly every change is told by both, and some come in the wrong order.
 */
import type { JobStatus } from "../domain/job.ts";
import type { JobChange, NetChange } from "../domain/job-change.ts";

/** The rest of a job's change never changes, and comes with each. */
interface Known {
  readonly version: number;
  readonly status: JobStatus;
  /** The versions that were heard of; some, if many. */
  readonly versions: readonly number[];
  readonly heardAtMs: number;
}

/** About 55 MB, with three changes a job. Where more jobs change in 10 s, some changes may be told twice. */
const KNOWN_MAX = 200_000;
/** What the bus brings later than this is left to the log. */
const KEPT_MS = 10_000;
const VERSIONS_MAX = 16;
const NONE: readonly JobStatus[] = [];

export class RecentChanges {
  readonly #known = new Map<string, Known>();

  get size(): number {
    return this.#known.size;
  }

  /** What is new in a change, up to the newest state that is known; null if nothing is. */
  take(change: JobChange): NetChange | null {
    const known = this.#known.get(change.id);
    if (known?.versions.includes(change.version)) return null;
    const { id, type, queue } = change;
    const isNewest = known === undefined || change.version > known.version;
    const { version, status } = isNewest ? change : known;
    this.#remember(id, version, status, [...(known?.versions ?? []), change.version]);
    const previousStatus = known !== undefined && isNewest ? known.status : change.previousStatus;
    const onTheWay = isNewest ? change.previousStatus : change.status;
    const isKnown = known === undefined || onTheWay === null || onTheWay === known.status;
    const passedStatuses = isKnown ? NONE : [onTheWay];
    const since = change.version;
    return { id, version, status, previousStatus, type, queue, since, passedStatuses };
  }

  /**
   * Forgets what the log has told by now.
   *
   * @param readAtMs when the last complete read of the log began, by the monotonic clock
   */
  forget(readAtMs: number): void {
    for (const [id, { heardAtMs }] of this.#known) {
      if (heardAtMs >= readAtMs - KEPT_MS) return;
      this.#known.delete(id);
    }
  }

  clear(): void {
    this.#known.clear();
  }

  /** Put anew, so that those heard of longest ago come first. */
  #remember(id: string, version: number, status: JobStatus, versions: readonly number[]): void {
    this.#known.delete(id);
    const kept = versions.slice(-VERSIONS_MAX);
    this.#known.set(id, { version, status, versions: kept, heardAtMs: performance.now() });
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
  }
}
