/** graphile-worker, bulk submit: `addJobs`, its fastest way. */
import type { PrepareSide } from "../harness/side.ts";
import { addInBatches, perSecond, warmUpOf } from "../harness/workload.ts";
import { openUtils } from "./graphile-settings.ts";

const prepare: PrepareSide = async ({ databaseUrl, jobs }) => {
  const utils = await openUtils(databaseUrl);
  const add = (count: number) =>
    addInBatches(count, (payloads) =>
      utils.addJobs(payloads.map((payload) => ({ identifier: "noop", payload }))),
    );
  await add(warmUpOf(jobs));
  return {
    measure: async () => ({ perSecond: await perSecond(jobs, () => add(jobs)) }),
    close: async () => utils.release(),
  };
};

export default prepare;
