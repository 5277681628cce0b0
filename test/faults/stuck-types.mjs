/** A job type that never comes back, for the built server: its threads import this file, too. */
const load = (/** @type {string} */ path) =>
  import(new URL(`../../dist/src/${path}`, import.meta.url).href);
const [{ defineExecutor }, { z }] = await Promise.all([
  load("executors/define-executor.js"),
  import("zod"),
]);

export const stuck = defineExecutor({
  type: "stuck",
  description: "Computes for ever.",
  payload: z.strictObject({}),
  cpuBound: true,
  module: import.meta.url,
  run: () => {
    for (;;);
  },
});
