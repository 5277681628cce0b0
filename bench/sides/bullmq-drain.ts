/** BullMQ, drain. It removes a job when it is done, and waits for no disk. */
import { Countdown } from "../harness/countdown.ts";
import type { PrepareSide } from "../harness/side.ts";
import { addInBatches, warmUpOf } from "../harness/workload.ts";
import { openQueue, startWorker } from "./bullmq-settings.ts";

const prepare: PrepareSide = async (environment) => {
  const { jobs } = environment;
  const queue = openQueue(environment);

  async function fill(count: number): Promise<void> {
    await addInBatches(count, (payloads) =>
      queue.addBulk(payloads.map((data) => ({ name: "noop", data }))),
    );
  }

  async function drain(count: number): Promise<number> {
    const countdown = new Countdown(count);
    const worker = startWorker(environment, () => {});
    worker.on("completed", () => countdown.tick());
    await countdown.ended;
    const rate = countdown.perSecond();
    await worker.close();
    return rate;
  }

  await fill(warmUpOf(jobs));
  await drain(warmUpOf(jobs));
  await fill(jobs);
  return {
    measure: async () => ({ perSecond: await drain(jobs) }),
    close: () => queue.close(),
  };
};

export default prepare;
