/** Tells the other instances what this one wants to hear of, and knows when they have heard it. */
import {
  ALL_BUCKETS,
  BUCKET_COUNT,
  type BucketMask,
  bucketsFor,
  hasBucket,
  NO_BUCKETS,
} from "./bucket.ts";
import type { Unsubscribe } from "./bus.ts";
import { LocalInterest } from "./local-interest.ts";

export interface InterestAnnouncerOptions {
  /**
   * Sends the announcement. Resolves to the number of other instances that received it and can
   * answer, or null if it went nowhere. Never rejects.
   */
  readonly send: (mask: BucketMask, round: number | null) => Promise<number | null>;
  /** How long an announcement waits for its answers at most. */
  readonly answerMs: number;
  /** How long a bucket stays announced after its last watcher left. */
  readonly lingerMs: number;
  readonly renewMs: number;
}

/**
 * A bucket is announced once, by a round that every other instance answers; who asks meanwhile
 * waits for the same round, who asks later does not wait. What nobody has wanted for a while is
 * withdrawn, and the rest renewed, by `tick`.
 */
export class InterestAnnouncer {
  readonly #options: InterestAnnouncerOptions;
  readonly #local = new LocalInterest();
  /** By bucket: announced, being announced, or neither. */
  readonly #buckets = new Array<Promise<void> | "announced" | null>(BUCKET_COUNT).fill(null);
  readonly #rounds = new Map<number, Round>();
  #nextRound: Promise<void> | null = null;
  #roundCount = 0;
  #sentMask: BucketMask = NO_BUCKETS;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(options: InterestAnnouncerOptions) {
    this.#options = options;
  }

  get local(): LocalInterest {
    return this.#local;
  }

  /** What this instance wants now, those that only linger included. */
  get mask(): BucketMask {
    return this.#local.maskWithin(this.#options.lingerMs);
  }

  /** Resolves when the others have heard of it, or could have. Never rejects. */
  async announce(jobId: string | null): Promise<Unsubscribe> {
    const release = this.#local.add(jobId);
    await this.#announced(bucketsFor(jobId));
    return release;
  }

  /** Announces everything anew, even if it is nothing: the answers tell what the others want. */
  greet(): Promise<void> {
    this.forget();
    return this.#startRound(this.mask);
  }

  /** The connection broke: the others may lose what they heard, and miss what comes next. */
  forget(): void {
    this.#buckets.fill(null);
  }

  heard(round: number, by: string): void {
    this.#rounds.get(round)?.heard(by);
  }

  /** Withdraws and renews. To be called every second or so. */
  tick(): void {
    const mask = this.mask;
    const isOld = performance.now() - this.#sentAt >= this.#options.renewMs;
    if (mask === this.#sentMask && (mask === NO_BUCKETS || !isOld)) return;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1) {
      if (!hasBucket(mask, bucket)) this.#buckets[bucket] = null;
    }
    void this.#send(mask, null);
  }

  async #announced(wanted: BucketMask): Promise<void> {
    const waits = new Set<Promise<void>>();
    let missing = NO_BUCKETS;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1) {
      const state = hasBucket(wanted, bucket) ? this.#buckets[bucket] : "announced";
      if (state instanceof Promise) waits.add(state);
      else if (state !== "announced") missing |= 1 << bucket;
    }
    if (missing !== NO_BUCKETS) waits.add(this.#startRound(missing));
    if (waits.size > 0) await Promise.all(waits);
  }

  /** Everything that is asked for in one tick shares a round. */
  #startRound(buckets: BucketMask): Promise<void> {
    this.#nextRound ??= this.#runNextRound();
    const round = this.#nextRound;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1) {
      if (hasBucket(buckets, bucket)) this.#buckets[bucket] = round;
    }
    void round.then(() => this.#endRound(round));
    return round;
  }

  #endRound(round: Promise<void>): void {
    this.#buckets.forEach((state, bucket) => {
      if (state === round) this.#buckets[bucket] = "announced";
    });
  }

  async #runNextRound(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#nextRound = null;
    this.#roundCount += 1;
    const number = this.#roundCount;
    const round = new Round(this.#options.answerMs);
    this.#rounds.set(number, round);
    const others = await this.#send(this.mask & ALL_BUCKETS, number);
    if (others === null) this.forget();
    else await round.heardBy(others);
    this.#rounds.delete(number);
    round.end();
  }

  async #send(mask: BucketMask, round: number | null): Promise<number | null> {
    this.#sentMask = mask;
    this.#sentAt = performance.now();
    const others = await this.#options.send(mask, round);
    // The next tick tries again.
    if (others === null) this.#sentAt = Number.NEGATIVE_INFINITY;
    return others;
  }
}

/** The answers to one announcement. They may come before it is known how many there will be. */
class Round {
  readonly #answers = new Set<string>();
  readonly #timeUp: Promise<void>;
  #end: () => void = () => {};
  #needed = Number.POSITIVE_INFINITY;

  constructor(answerMs: number) {
    this.#timeUp = new Promise((resolve) => {
      const timer = setTimeout(resolve, answerMs).unref();
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  heard(by: string): void {
    this.#answers.add(by);
    if (this.#answers.size >= this.#needed) this.#end();
  }

  /** Resolves when `count` have answered, or when the time is up. */
  async heardBy(count: number): Promise<void> {
    this.#needed = count;
    if (this.#answers.size >= count) this.#end();
    await this.#timeUp;
  }

  end(): void {
    this.#end();
  }
}
