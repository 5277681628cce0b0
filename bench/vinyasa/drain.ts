/**
 * The engine with all it keeps works off a backlog, publishing every change to Redis, where another
 * instance wants to hear of all of them.
 */
import type pg from "pg";
import { RedisBus } from "../../dist/src/events/redis-bus.js";
import { Countdown } from "../harness/countdown.ts";
import { connect, untilNone, vacuum } from "../harness/postgres.ts";
import { Remote } from "../harness/remote.ts";
import type { Side, SideEnvironment } from "../harness/side.ts";
import { warmUpOf } from "../harness/workload.ts";
import { insertInBatches } from "./insert.ts";
import { openParts, type Parts } from "./parts.ts";

const UNFINISHED = `select from vinyasa.ready_jobs r join vinyasa.lanes l on l.id = r.lane
  where l.type = 'noop' union all select from vinyasa.running_jobs`;
const COMPLETED = `select count(*)::int as count from vinyasa.finished_jobs f
  join vinyasa.lanes l on l.id = f.lane where f.status = 5 and l.type = 'noop'`;

/** @param grow fills the tables before anything is measured */
export async function prepareDrain(
  environment: SideEnvironment,
  grow: (client: pg.Client, parts: Parts) => Promise<void> = async () => {},
): Promise<Side> {
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

  await grow(client, parts);
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
}
