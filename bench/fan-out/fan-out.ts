/** What all sides of a fan-out have in common: how many watch, what they ask, how they are counted. */
import type { Remote } from "../harness/remote.ts";
import type { SideEnvironment } from "../harness/side.ts";
import type { Deliveries } from "./crowd.ts";

export interface FanOut {
  /** Each on a connection of its own. */
  readonly watchers: number;
  /** Changes, of the jobs of a drain. */
  readonly changesShare: number;
  /** The watchers' module, in `sides/`. */
  readonly module: string;
}

/** 300 changes, 300,000 deliveries. */
export const FAN_OUT: FanOut = {
  watchers: 1_000,
  changesShare: 1 / 100,
  module: "fan-out-watchers.ts",
};

/** 30 changes, as many deliveries. */
export const FAN_OUT_MANY: FanOut = { ...FAN_OUT, watchers: 10_000, changesShare: 1 / 1_000 };

export const FAN_OUT_SSE: FanOut = { ...FAN_OUT, module: "fan-out-sse-watchers.ts" };

export const QUERY = `subscription WatchJob($id: ID!) {
  jobUpdated(id: $id) { id type status version attempt attemptsLeft progress updatedAt startedAt }
}`;

export function changesOf({ jobs }: SideEnvironment, { changesShare }: FanOut): number {
  return Math.ceil(jobs * changesShare);
}

export interface Fanned extends Readonly<Record<string, number>> {
  readonly perSecond: number;
  /** Of what all watchers together should have got. */
  readonly delivered: number;
}

/**
 * @param crowd the process of the watchers, who have joined
 * @param expected changes times watchers
 * @param tell tells them of the changes and of the end
 */
export async function deliver(
  crowd: Remote,
  expected: number,
  tell: () => Promise<void>,
): Promise<Fanned> {
  const told = crowd.call<Deliveries>("deliveries");
  await tell();
  const { perSecond, count } = await told;
  return { perSecond, delivered: count / expected };
}
