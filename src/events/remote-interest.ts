/** What the watchers of other instances want to hear of. */
import { type BucketMask, NO_BUCKETS } from "./bucket.ts";

/** More senders than any fleet has: a flood of invented ones must not fill the memory. */
const INSTANCES_MAX = 4_096;

/** The last announcement of every other instance. One that is not renewed ends. */
export class RemoteInterest {
  readonly #expiryMs: number;
  readonly #instances = new Map<string, { mask: BucketMask; until: number }>();
  #mask: BucketMask = NO_BUCKETS;

  constructor(expiryMs: number) {
    this.#expiryMs = expiryMs;
  }

  /** Buckets that at least one other instance wants. */
  get mask(): BucketMask {
    return this.#mask;
  }

  /** Replaces what `instance` announced before. */
  set(instance: string, mask: BucketMask): void {
    if (mask === NO_BUCKETS) this.#instances.delete(instance);
    else if (this.#instances.size < INSTANCES_MAX || this.#instances.has(instance)) {
      this.#instances.set(instance, { mask, until: performance.now() + this.#expiryMs });
    }
    this.#count();
  }

  /** Forgets the instances that have not renewed in time: they died. */
  expire(): void {
    const now = performance.now();
    for (const [instance, { until }] of this.#instances) {
      if (until < now) this.#instances.delete(instance);
    }
    this.#count();
  }

  #count(): void {
    let mask = NO_BUCKETS;
    for (const instance of this.#instances.values()) mask |= instance.mask;
    this.#mask = mask;
  }
}
