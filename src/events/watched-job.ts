/** One job that is watched on this instance, with all its streams. */
import type { JobEvent } from "../domain/event.ts";
import { applyEvent, type JobRecord } from "../domain/job-record.ts";
import type { JobStream } from "./job-stream.ts";

/** Events that are kept for streams whose snapshot is still being read. */
const EARLY_EVENTS_MAX = 16;

/**
 * A stream joins in two steps: `add` registers it, so that events are kept for it from then on;
 * `join` gives it the snapshot, which was read after that, and then what is newer.
 */
export class WatchedJob {
  /** With the version that was known when each was added, before its snapshot was read. */
  readonly #joining = new Map<JobStream, number>();
  readonly #live = new Set<JobStream>();
  /** The newest state that a snapshot, an event after it, or the repair has told of. */
  #job: JobRecord | null = null;
  #early: JobEvent[] = [];

  get isEmpty(): boolean {
    return this.#joining.size === 0 && this.#live.size === 0;
  }

  /** Some stream has its snapshot, and depends on what comes after. */
  get isLive(): boolean {
    return this.#live.size > 0;
  }

  /** The newest version that was told; below all others where nothing was. */
  get version(): number {
    return this.#job?.version ?? Number.NEGATIVE_INFINITY;
  }

  add(stream: JobStream): void {
    this.#joining.set(stream, this.version);
  }

  remove(stream: JobStream): void {
    this.#live.delete(stream);
    this.#joining.delete(stream);
    if (this.#joining.size === 0) this.#early = [];
  }

  /**
   * `snapshot` was read after `add(stream)`. Does nothing if the stream was closed meanwhile.
   *
   * @returns false where what was known before is ahead of it, which the others will have to be told
   */
  join(stream: JobStream, snapshot: JobRecord): boolean {
    const known = this.#joining.get(stream);
    if (known === undefined) return true;
    const isBehind = snapshot.version < known;
    stream.offer(snapshot);
    for (const event of this.#early.toSorted((a, b) => a.version - b.version)) {
      if (event.version > snapshot.version) stream.offer(applyEvent(snapshot, event));
    }
    this.show(snapshot);
    // The repair may have told the other streams more than this one's snapshot and events say.
    if (this.#job !== null && !isBehind) stream.offer(this.#job);
    // A final state closed the stream, which removed it.
    if (this.#joining.delete(stream)) this.#live.add(stream);
    if (this.#joining.size === 0) this.#early = [];
    return !isBehind;
  }

  handle(event: JobEvent): void {
    if (this.#joining.size > 0) {
      if (this.#early.length >= EARLY_EVENTS_MAX) this.#early.shift();
      this.#early.push(event);
    }
    if (this.#job !== null && event.version > this.#job.version) {
      this.show(applyEvent(this.#job, event));
    }
  }

  /** The job as the database has it: what the streams have missed, if anything. */
  show(job: JobRecord): void {
    if (this.#job !== null && job.version <= this.#job.version) return;
    this.#job = job;
    for (const stream of this.#live) stream.offer(job);
  }

  /**
   * What was told is not so: commits were lost in a failover, or somebody else wrote to the bus. Versions
   * only rise in a stream, so those that have it fail; those that still join begin with the truth.
   */
  retract(error: unknown): void {
    this.#job = null;
    this.#early = [];
    for (const stream of this.#joining.keys()) this.#joining.set(stream, this.version);
    for (const stream of this.#live) stream.fail(error);
  }

  /** The job was deleted: its streams complete. Those that still join find it out themselves. */
  vanish(): void {
    for (const stream of this.#live) stream.end();
  }
}
