/** An instance that dies under the jobs it claimed, and jobs that one has died under. */
import { randomUUID } from "node:crypto";
import type { JobRecord } from "../../src/domain/job-record.ts";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { endInstance, type InstanceKey } from "../../src/store/instances.ts";
import { rescueJobs } from "../../src/store/rescue-jobs.ts";
import { registerTestInstance } from "../support/test-instance.ts";
import type { Stage, Wish } from "./stage.ts";

export interface Ghost {
  readonly key: InstanceKey;
  /** Holds its lock: closed, it is dead. */
  readonly heartbeat: Database;
}

/** An instance that has claimed all that is ready, and does nothing with it. */
export async function claimAsGhost(stage: Stage): Promise<Ghost> {
  const heartbeat = await stage.openHeartbeat();
  const key = await registerTestInstance(heartbeat);
  const lanes = [...stage.lanes.all()].map((lane) => ({ lane, threads: 1, from: LANE_START }));
  const claim = { limit: 1_000, instance: key.id, worker: 1, token: randomUUID() };
  await claimJobs(stage.db, { ...claim, lanes });
  return { key, heartbeat };
}

/**
 * Jobs that are ready, having lost their first attempt with an instance. Engines that poll meanwhile
 * may take them before.
 */
export async function submitSuspects<Wishes extends readonly Wish[]>(
  stage: Stage,
  ...wishes: Wishes
): Promise<{ readonly [Index in keyof Wishes]: JobRecord }> {
  const jobs = await stage.store(wishes);
  const { key, heartbeat } = await claimAsGhost(stage);
  await endInstance(heartbeat, key);
  const lanes = [...stage.lanes.all()].map(({ id }) => id);
  const suspects = await stage.lanes.internSuspects(lanes);
  await rescueJobs(stage.db, [key.id], suspects, 1_000);
  stage.bus.wake({ lanes: [...suspects.values()] });
  return jobs;
}
