/** All watchers of a fan-out, in a process of their own. */
import type { RemoteMethods } from "../harness/side.ts";
import { type OpenClient, type Watch, Watcher } from "./watcher.ts";

/** More at once would fill the server's queue of connections. */
const CONNECT_AT_ONCE = 100;

export interface Gathering extends Watch {
  readonly watchers: number;
}

export interface Deliveries {
  /** From the first that any of them got to the last that all of them got. */
  readonly perSecond: number;
  /** Without the first states. */
  readonly count: number;
}

export function gatherCrowd(open: OpenClient): RemoteMethods {
  const watchers: Watcher[] = [];
  let firstAt = 0;
  const onDelivery = () => {
    if (firstAt === 0) firstAt = performance.now();
  };

  async function leave(): Promise<void> {
    await Promise.all(watchers.splice(0).map((watcher) => watcher.leave()));
  }

  return {
    /** Resolves when all of them have the state as it is. */
    join: async (gathering: Gathering) => {
      firstAt = 0;
      while (watchers.length < gathering.watchers) {
        const length = Math.min(CONNECT_AT_ONCE, gathering.watchers - watchers.length);
        const some = Array.from({ length }, () => new Watcher(open, gathering, onDelivery));
        watchers.push(...some);
        await Promise.all(some.map(({ joined }) => joined));
      }
      for (const watcher of watchers) watcher.isCounting = true;
    },
    /** Resolves when all of them have been told of the end, and have left. */
    deliveries: async (): Promise<Deliveries> => {
      await Promise.all(watchers.map(({ ended }) => ended));
      const seconds = (performance.now() - firstAt) / 1_000;
      const count = countOf(watchers);
      await leave();
      return { perSecond: count / seconds, count };
    },
    close: leave,
  };
}

/** @throws Error if one of them has only its first state: the final one is owed to everybody */
function countOf(watchers: readonly Watcher[]): number {
  let count = 0;
  for (const { client } of watchers) {
    if (client.states < 2) throw new Error("a watcher was told of the end, and of no change");
    count += client.states - 1;
  }
  return count;
}
