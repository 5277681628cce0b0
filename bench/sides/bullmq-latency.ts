/** BullMQ, from `add` to the processor's start. */
import type { PrepareSide } from "../harness/side.ts";
import { latencies } from "../harness/statistics.ts";
import { timeStarts, warmUpOf } from "../harness/workload.ts";
import { openQueue, startWorker } from "./bullmq-settings.ts";

const prepare: PrepareSide = async (environment) => {
  const queue = openQueue(environment);
  let onStart = () => {};
  const worker = startWorker(environment, () => onStart());
  await worker.waitUntilReady();
  const time = (count: number) =>
    timeStarts(count, (started) => {
      onStart = started;
      return queue.add("noop", { id: 1 });
    });
  await time(warmUpOf(environment.samples));
  return {
    measure: async () => latencies(await time(environment.samples)),
    close: async () => {
      await worker.close();
      await queue.close();
    },
  };
};

export default prepare;
