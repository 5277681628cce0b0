/** Vinyasa, polled, with PostgreSQL far away and copies of the jobs in Redis in front of it. */
import { Redis } from "ioredis";
import { createLookUpJobs } from "../../dist/src/operations/look-up-jobs.js";
import type { PrepareSide } from "../harness/side.ts";
import { overCopies } from "../vinyasa/copies.ts";
import { FAR_MS, pollSide } from "../vinyasa/poll.ts";

const prepare: PrepareSide = async (environment) => {
  const { redisUrl, prefix } = environment;
  const redis = new Redis(redisUrl, { enableAutoPipelining: true });
  const side = await pollSide(environment, {
    lookUp: (db) => overCopies(redis, `${prefix}:copy`, createLookUpJobs({ db })),
    delayMs: FAR_MS,
  });
  return {
    ...side,
    close: async () => {
      await side.close();
      redis.disconnect();
    },
  };
};

export default prepare;
