/** Runs the jobs that are polled, in a process of its own: none ends, and each tells how far it is. */
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import type { Config } from "../../dist/src/config.js";
import { defineExecutor } from "../../dist/src/executors/define-executor.js";
import { startInstance } from "../../dist/src/instance.js";
import { connect } from "../harness/postgres.ts";
import type { StartRemote } from "../harness/side.ts";
import { configFor, log } from "../vinyasa/parts.ts";

const REPORT_MS = 250;

const endless = defineExecutor({
  type: "noop",
  description: "Reports until it is stopped.",
  payload: z.unknown(),
  timeoutMs: 3_600_000,
  run: async (_payload, { progress, signal }) => {
    for (let step = 1; !signal.aborted; step += 1) {
      progress((step % 1_000) / 1_000);
      await setTimeout(REPORT_MS, null, { signal }).catch(() => {});
    }
  },
});

const start: StartRemote = async (environment) => {
  const stops: (() => Promise<unknown>)[] = [];
  return {
    /** Resolves with the ids of `count` jobs that have reported. */
    runAll: async (count: number): Promise<string[]> => {
      const config: Config = {
        ...configFor(environment),
        ...{ role: "worker", workerThreads: [count], redisUrl: null },
        ...{ drainDelayMs: 0, shutdownGraceMs: 0 },
      };
      const instance = await startInstance({ config, log, executors: [endless] });
      stops.push(() => instance.stop());
      const client = await connect(environment.databaseUrl);
      stops.push(() => client.end());
      for (;;) {
        const { rows } = await client.query(
          "select job_id::text as id from vinyasa.running_jobs where progress is not null",
        );
        if (rows.length === count) return rows.map(({ id }) => id);
        await setTimeout(20);
      }
    },
    close: async () => {
      for (const stop of stops) await stop();
    },
  };
};

export default start;
