/**
 * The built server, with one job type more: `chatty` logs a numbered line every ten milliseconds, a
 * hundred in a run. Configured by the environment, like the server.
 */
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

const LINES = 100;

const chatty = defineExecutor({
  type: "chatty",
  description: "Logs a hundred lines.",
  payload: z.strictObject({}),
  run: async (
    /** @type {object} */ _payload,
    /** @type {import("../../src/executors/define-executor.ts").ExecutorContext} */ context,
  ) => {
    for (let n = 1; n <= LINES; n += 1) {
      context.log.info(`attempt ${context.attempt} line ${n}`);
      await context.sleep(10);
    }
    return null;
  },
});

const { config } = readConfig();
const log = createLog({ level: config.logLevel, format: "json", color: false });
const instance = await startInstance({ config, log, executors: [chatty] });
process.once("SIGTERM", async () => {
  await instance.stop();
  process.exit(0);
});
