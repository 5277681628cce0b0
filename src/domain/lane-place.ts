/** A place in the order in which a lane's ready jobs are claimed. */
export interface LanePlace {
  /** Minus the priority, or less once a job has waited too long. */
  readonly rank: number;
  readonly atMs: number;
}

/** Before every row of a lane. */
export const LANE_START: LanePlace = { rank: -2_147_483_648, atMs: 0 };

/** Whichever of the two comes first. */
export function firstOf(one: LanePlace, other: LanePlace): LanePlace {
  if (one.rank !== other.rank) return one.rank < other.rank ? one : other;
  return one.atMs <= other.atMs ? one : other;
}

/** Where the first of these jobs stands that were made ready and have not waited; null without any. */
export function placeOfFirst(
  jobs: readonly { readonly priority: number; readonly scheduledAtMs: number }[],
): LanePlace | null {
  return jobs.reduce<LanePlace | null>((first, { priority, scheduledAtMs }) => {
    const place = { rank: 0 - priority, atMs: scheduledAtMs };
    return first === null ? place : firstOf(first, place);
  }, null);
}
