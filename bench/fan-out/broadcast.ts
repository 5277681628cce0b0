/** The peer of a fan-out: a server that tells all of its clients the same, and does nothing else. */
import { setImmediate } from "node:timers/promises";
import { Remote } from "../harness/remote.ts";
import type { Side, SideEnvironment } from "../harness/side.ts";
import { warmUpOf } from "../harness/workload.ts";
import type { Gathering } from "./crowd.ts";
import { changesOf, deliver, type Fanned, type FanOut, QUERY } from "./fan-out.ts";

export const ID = "01890000-0000-7000-8000-000000000000";

/** It gives each client `firstState()` when that has asked. */
export interface Broadcaster {
  readonly port: number;
  /** Tells all of them of a state, as the transport does. */
  tell(state: string): void;
  /** Tells all of them that this was all. */
  end(): void;
  close(): void;
}

/** A result as ours would send it: JSON of the same length. */
function stateText(step: number, count: number): string {
  const at = new Date().toISOString();
  const jobUpdated = {
    ...{
      id: ID,
      type: "noop",
      status: step === count ? "COMPLETED" : "RUNNING",
      version: step + 1,
    },
    ...{ attempt: 1, attemptsLeft: 3, progress: step / count, updatedAt: at, startedAt: at },
  };
  return JSON.stringify({ data: { jobUpdated } });
}

export const firstState = () => stateText(0, 1_000);

export async function broadcastSide(
  environment: SideEnvironment,
  fanOut: FanOut,
  server: Broadcaster,
): Promise<Side> {
  const crowd = new Remote(fanOut.module, environment);
  const { watchers } = fanOut;

  async function tell(count: number): Promise<void> {
    for (let step = 1; step <= count; step += 1) {
      server.tell(stateText(step, count));
      await setImmediate();
    }
    server.end();
  }

  async function run(count: number): Promise<Fanned> {
    const gathering: Gathering = { port: server.port, query: QUERY, id: ID, watchers };
    await crowd.call("join", gathering);
    const fanned = await deliver(crowd, count * watchers, () => tell(count));
    // It leaves nothing out, so what is missing was lost in counting.
    if (fanned.delivered !== 1) throw new Error(`${fanned.delivered} of all were counted`);
    return fanned;
  }

  const count = changesOf(environment, fanOut);
  await run(warmUpOf(count));
  return {
    measure: () => run(count),
    close: async () => {
      await crowd.stop();
      server.close();
    },
  };
}
