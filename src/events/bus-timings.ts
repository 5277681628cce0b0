/** How long the Redis bus waits for what, in milliseconds. */
export interface BusTimings {
  /** How long an announcement of interest waits for its answers at most. */
  readonly answerMs: number;
  /** How long interest stays announced after its last watcher left. */
  readonly lingerMs: number;
  readonly renewMs: number;
  /** How long the interest of an instance lasts that does not renew it. */
  readonly expiryMs: number;
  /** How often all of this is looked at. */
  readonly tickMs: number;
}

export const BUS_TIMINGS: BusTimings = {
  answerMs: 150,
  lingerMs: 10_000,
  renewMs: 10_000,
  expiryMs: 30_000,
  tickMs: 1_000,
};
