/** graphile-worker, from `addJob` to the task's start. */
import type { PrepareSide } from "../harness/side.ts";
import { latencies } from "../harness/statistics.ts";
import { timeStarts, warmUpOf } from "../harness/workload.ts";
import { openUtils, startRunner } from "./graphile-settings.ts";

const prepare: PrepareSide = async ({ databaseUrl, samples }) => {
  const utils = await openUtils(databaseUrl);
  let onStart = () => {};
  const runner = await startRunner(databaseUrl, { noop: async () => onStart() });
  const time = (count: number) =>
    timeStarts(count, (started) => {
      onStart = started;
      return utils.addJob("noop", { id: 1 });
    });
  await time(warmUpOf(samples));
  return {
    measure: async () => latencies(await time(samples)),
    close: async () => {
      await runner.stop();
      await utils.release();
    },
  };
};

export default prepare;
