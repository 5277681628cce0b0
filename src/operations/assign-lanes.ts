/** Turns checked submits into rows: an id, and the number of their lane. */
import type { NewJob } from "../store/insert-jobs.ts";
import { newJobId } from "../store/job-id.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";
import type { ValidSubmit } from "./validate-submit.ts";

/** In the order of `submits`, with rising ids. Creates lanes that are new. */
export async function assignLanes(
  catalog: LaneCatalog,
  submits: readonly ValidSubmit[],
): Promise<NewJob[]> {
  const lanes = await catalog.intern(submits.map(({ laneSpec }) => laneSpec));
  return submits.map(({ kind: _kind, laneSpec, ...job }, index) => {
    const lane = lanes[index];
    if (lane === undefined) throw new Error(`no lane for the queue ${laneSpec.queue}`);
    return { ...job, id: newJobId(), lane };
  });
}
