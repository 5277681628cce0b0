/** Vinyasa, bulk submit: the store alone. */
import type { PrepareSide } from "../harness/side.ts";
import { perSecond, warmUpOf } from "../harness/workload.ts";
import { insertInBatches } from "../vinyasa/insert.ts";
import { openParts } from "../vinyasa/parts.ts";

const prepare: PrepareSide = async (environment) => {
  const { jobs } = environment;
  const parts = await openParts(environment);
  await insertInBatches(parts, warmUpOf(jobs));
  return {
    measure: async () => ({ perSecond: await perSecond(jobs, () => insertInBatches(parts, jobs)) }),
    close: () => parts.close(),
  };
};

export default prepare;
