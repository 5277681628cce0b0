/** graphile-worker, drain. It deletes a job when it is done. */
import { Countdown } from "../harness/countdown.ts";
import { connect, untilNone, vacuum } from "../harness/postgres.ts";
import type { PrepareSide } from "../harness/side.ts";
import { addInBatches, warmUpOf } from "../harness/workload.ts";
import { openUtils, startRunner } from "./graphile-settings.ts";

const UNFINISHED = "select from graphile_worker._private_jobs";

const prepare: PrepareSide = async ({ databaseUrl, jobs }) => {
  const utils = await openUtils(databaseUrl);
  const client = await connect(databaseUrl);

  async function fill(count: number): Promise<void> {
    await addInBatches(count, (payloads) =>
      utils.addJobs(payloads.map((payload) => ({ identifier: "noop", payload }))),
    );
    await vacuum(client);
  }

  async function drain(count: number): Promise<number> {
    const countdown = new Countdown(count);
    const runner = await startRunner(databaseUrl, { noop: async () => countdown.tick() });
    await countdown.ended;
    await untilNone(client, UNFINISHED);
    const rate = countdown.perSecond();
    await runner.stop();
    return rate;
  }

  await fill(warmUpOf(jobs));
  await drain(warmUpOf(jobs));
  await fill(jobs);
  return {
    measure: async () => ({ perSecond: await drain(jobs) }),
    close: async () => {
      await utils.release();
      await client.end();
    },
  };
};

export default prepare;
