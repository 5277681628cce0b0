/**
 * The built server, with one job type more: `poison` kills its own process, as a bug in native code
 * or a memory limit would. Configured by the environment, like the server.
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

const poison = defineExecutor({
  type: "poison",
  description: "Kills the process that runs it.",
  payload: z.strictObject({}),
  run: () => process.kill(process.pid, "SIGKILL"),
});

const { config } = readConfig();
const log = createLog({ level: config.logLevel, format: "json", color: false });
const instance = await startInstance({ config, log, executors: [poison] });
process.once("SIGTERM", async () => {
  await instance.stop();
  process.exit(0);
});
