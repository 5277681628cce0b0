/**
 * Vinyasa, drain: the engine with all it keeps, publishing every change to Redis, where another
 * instance wants to hear of all of them.
 */
import { RedisBus } from "../../dist/src/events/redis-bus.js";
import { Countdown } from "../harness/countdown.ts";
import { connect, untilNone, vacuum } from "../harness/postgres.ts";
import { Remote } from "../harness/remote.ts";
import type { PrepareSide } from "../harness/side.ts";
import { warmUpOf } from "../harness/workload.ts";
import { insertInBatches } from "../vinyasa/insert.ts";
import { openParts } from "../vinyasa/parts.ts";

const UNFINISHED = `select from vinyasa.ready_jobs union all
  select from vinyasa.running_jobs union all select from vinyasa.scheduled_jobs`;
const COMPLETED = "select count(*)::int as count from vinyasa.finished_jobs where status = 5";

const prepare: PrepareSide = async (environment) => {
  const { jobs, databaseUrl } = environment;
  let countdown = new Countdown(0);
  const parts = await openParts(environment, () => countdown.tick());
  const client = await connect(databaseUrl);
  const listener = new Remote("vinyasa-listener.ts", environment);

  async function fill(count: number): Promise<void> {
    await insertInBatches(parts, count);
    await vacuum(client);
  }

  async function drain(count: number): Promise<number> {
    await listener.call("listen");
    const sentBefore = eventsSent();
    countdown = new Countdown(count);
    const engine = parts.createEngine();
    await engine.start();
    await countdown.ended;
    await untilNone(client, UNFINISHED);
    const rate = countdown.perSecond();
    await engine.stop(1_000);
    if (eventsSent() === sentBefore) throw new Error("no event was published");
    return rate;
  }

  function eventsSent(): number {
    return parts.bus instanceof RedisBus ? parts.bus.counters.eventsSent : 0;
  }

  async function measure() {
    const before = eventsSent();
    const rate = await drain(jobs);
    const { rows } = await client.query(COMPLETED);
    if (rows[0].count !== jobs + warmUpOf(jobs)) throw new Error(`${rows[0].count} jobs completed`);
    return { perSecond: rate, eventsPerJob: (eventsSent() - before) / jobs };
  }

  await fill(warmUpOf(jobs));
  await drain(warmUpOf(jobs));
  await fill(jobs);
  return {
    measure,
    close: async () => {
      await listener.stop();
      await parts.close();
      await client.end();
    },
  };
};

export default prepare;
