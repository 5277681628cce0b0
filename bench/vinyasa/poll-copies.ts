/** The polled server with copies of its jobs in Redis in front of the database, however far that is. */
import { Redis } from "ioredis";
import { createLookUpJobs } from "../../dist/src/operations/look-up-jobs.js";
import type { PrepareSide } from "../harness/side.ts";
import { overCopies } from "./copies.ts";
import { pollSide } from "./poll.ts";

/** @param far with the delay to PostgreSQL, each way, or nothing where it is at hand */
export function withCopies(far: { readonly delayMs?: number } = {}): PrepareSide {
  return async (environment) => {
    const { redisUrl, prefix } = environment;
    const redis = new Redis(redisUrl, { enableAutoPipelining: true });
    const side = await pollSide(environment, {
      lookUp: (db) => overCopies(redis, `${prefix}:copy`, createLookUpJobs({ db })),
      ...far,
    });
    return {
      ...side,
      close: async () => {
        await side.close();
        redis.disconnect();
      },
    };
  };
}
