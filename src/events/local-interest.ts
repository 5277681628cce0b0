/** What the watchers of this instance want to hear of. */

import { ALL_BUCKETS, BUCKET_COUNT, type BucketMask, bucketOf, NO_BUCKETS } from "./bucket.ts";
import type { Unsubscribe } from "./bus.ts";

/** Counts watchers by job and by bucket, and remembers when a bucket lost its last one. */
export class LocalInterest {
  readonly #jobs = new Map<string, number>();
  readonly #buckets = new Array<number>(BUCKET_COUNT).fill(0);
  /** By performance.now(). */
  readonly #leftAt = new Array<number>(BUCKET_COUNT).fill(Number.NEGATIVE_INFINITY);
  #all = 0;
  #mask: BucketMask = NO_BUCKETS;

  /** Adds a watcher of one job, or of all (`null`). The returned function may be called twice. */
  add(jobId: string | null): Unsubscribe {
    this.#change(jobId, 1);
    let added = true;
    return () => {
      if (added) this.#change(jobId, -1);
      added = false;
    };
  }

  has(jobId: string): boolean {
    return this.#all > 0 || this.#jobs.has(jobId);
  }

  /** Buckets in which somebody watches now. */
  get mask(): BucketMask {
    return this.#mask;
  }

  /** Buckets in which somebody watches, or did within the last `lingerMs`. */
  maskWithin(lingerMs: number): BucketMask {
    const since = performance.now() - lingerMs;
    return this.#leftAt.reduce((mask, at, n) => (at > since ? mask | (1 << n) : mask), this.#mask);
  }

  #change(jobId: string | null, by: 1 | -1): void {
    if (jobId === null) this.#all += by;
    else this.#changeJob(jobId, by);
    const before = this.#mask;
    this.#mask = this.#all > 0 ? ALL_BUCKETS : this.#countedMask();
    const left = before & ~this.#mask;
    if (left === NO_BUCKETS) return;
    const now = performance.now();
    for (let n = 0; n < BUCKET_COUNT; n += 1) if ((left >> n) & 1) this.#leftAt[n] = now;
  }

  #changeJob(jobId: string, by: 1 | -1): void {
    const count = (this.#jobs.get(jobId) ?? 0) + by;
    if (count > 0) this.#jobs.set(jobId, count);
    else this.#jobs.delete(jobId);
    const bucket = bucketOf(jobId);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + by;
  }

  #countedMask(): BucketMask {
    return this.#buckets.reduce((mask, count, n) => (count > 0 ? mask | (1 << n) : mask), 0);
  }
}
