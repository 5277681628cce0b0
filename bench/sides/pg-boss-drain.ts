/** pg-boss, drain: full batches fetched without a pause, housekeeping off. */
import { PgBoss } from "pg-boss";
import { Countdown } from "../harness/countdown.ts";
import { connect, untilNone, vacuum } from "../harness/postgres.ts";
import type { PrepareSide } from "../harness/side.ts";
import { addInBatches, BATCH, warmUpOf } from "../harness/workload.ts";

const QUEUE = "bench";
const UNFINISHED = `select from pgboss.job where name = '${QUEUE}' and state < 'completed'`;

const WORK = {
  batchSize: BATCH,
  localConcurrency: 2,
  burstWhenBatchFull: true,
  pollingIntervalSeconds: 0.5,
};

const prepare: PrepareSide = async ({ databaseUrl, jobs }) => {
  const boss = new PgBoss({
    connectionString: databaseUrl,
    max: 10,
    supervise: false,
    schedule: false,
  });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue(QUEUE);
  const client = await connect(databaseUrl);

  async function fill(count: number): Promise<void> {
    await addInBatches(count, (payloads) =>
      boss.insert(
        QUEUE,
        payloads.map((data) => ({ data: { ...data } })),
      ),
    );
    await vacuum(client);
  }

  async function drain(count: number): Promise<number> {
    const countdown = new Countdown(count);
    await boss.work(QUEUE, WORK, async (batch) => {
      for (const _ of batch) countdown.tick();
    });
    await countdown.ended;
    await untilNone(client, UNFINISHED);
    const rate = countdown.perSecond();
    await boss.offWork(QUEUE);
    return rate;
  }

  await fill(warmUpOf(jobs));
  await drain(warmUpOf(jobs));
  await fill(jobs);
  return {
    measure: async () => ({ perSecond: await drain(jobs) }),
    close: async () => {
      await boss.stop({ graceful: false });
      await client.end();
    },
  };
};

export default prepare;
