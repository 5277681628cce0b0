/** Vinyasa, polled, with copies of the jobs in Redis in front of the database. */
import { Redis } from "ioredis";
import { createLookUpJobs } from "../../dist/src/operations/look-up-jobs.js";
import type { PrepareSide } from "../harness/side.ts";
import { overCopies } from "../vinyasa/copies.ts";
import { pollSide } from "../vinyasa/poll.ts";

const prepare: PrepareSide = async (environment) => {
  const { redisUrl, prefix } = environment;
  const redis = new Redis(redisUrl, { enableAutoPipelining: true });
  const side = await pollSide(environment, {
    lookUp: (db) => overCopies(redis, `${prefix}:copy`, createLookUpJobs({ db })),
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
