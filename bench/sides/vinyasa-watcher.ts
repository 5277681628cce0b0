/** Another instance, on which every job is watched and none runs. */
import { JobUpdates } from "../../dist/src/events/job-updates.js";
import { readJobs } from "../../dist/src/store/read-jobs.js";
import type { StartRemote } from "../harness/side.ts";
import { log, openParts } from "../vinyasa/parts.ts";

const start: StartRemote = async (environment) => {
  const { dbs, bus, close } = await openParts(environment);
  const updates = new JobUpdates({
    bus,
    readJobs: (ids) => readJobs(dbs.api, ids),
    log,
    subscriptionsMax: 1_000_000,
    // Only what the bus delivers counts here.
    repairIntervalMs: null,
  });
  await updates.start();
  let watching: Promise<number[]>[] = [];

  /**
   * Milliseconds from each change of a job to its arrival here. The database stamps a change just
   * before it commits it, so the commit itself is in the figure.
   */
  async function watch(id: string, joined: () => void): Promise<number[]> {
    const lateMs: number[] = [];
    let isFirst = true;
    for await (const job of updates.watchJob(id)) {
      if (isFirst) joined();
      else lateMs.push(performance.timeOrigin + performance.now() - job.updatedAtMs);
      isFirst = false;
    }
    return lateMs;
  }

  return {
    /** Resolves when every one of the jobs has been seen as it is now. */
    watch: async (ids: readonly string[]) => {
      const joins = ids.map(
        (id) =>
          new Promise<void>((joined) => {
            watching.push(watch(id, joined));
          }),
      );
      // A stream that breaks ends the wait for the others.
      await Promise.race([Promise.all(joins), Promise.all(watching)]);
    },
    /** Of all the jobs being watched; resolves when all of them have ended. */
    lateness: async () => {
      const lateMs = (await Promise.all(watching)).flat();
      watching = [];
      return lateMs;
    },
    close: async () => {
      await updates.stop();
      await close();
    },
  };
};

export default start;
