/**
 * The built server, with two job types more: `stuck` never comes back, and `lag` tells how long the event
 * loop has been held up since it ran last. Configured by the environment, like the server.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { stuck } from "./stuck-types.mjs";

const load = (/** @type {string} */ path) =>
  import(new URL(`../../dist/src/${path}`, import.meta.url).href);

const [{ readConfig }, { createLog }, { startInstance }, { defineExecutor }, { z }] =
  await Promise.all([
    load("config.js"),
    load("log.js"),
    load("instance.js"),
    load("executors/define-executor.js"),
    import("zod"),
  ]);

const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();

const lag = defineExecutor({
  type: "lag",
  description: "How long the event loop was held up, in milliseconds, and begins anew.",
  payload: z.strictObject({}),
  run() {
    const ms = (/** @type {number} */ ns) => ns / 1e6;
    const seen = { p99: ms(delays.percentile(99)), max: ms(delays.max), count: delays.count };
    delays.reset();
    return seen;
  },
});

const { config } = readConfig();
const log = createLog({ level: config.logLevel, format: "json", color: false });
const instance = await startInstance({ config, log, executors: [stuck, lag] });
process.once("SIGTERM", async () => {
  await instance.stop();
  process.exit(0);
});
