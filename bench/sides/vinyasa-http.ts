/** Vinyasa, single submits: the whole server but its workers, which would run the jobs meanwhile. */
import { startInstance } from "../../dist/src/instance.js";
import { httpSide } from "../harness/http-side.ts";
import type { PrepareSide } from "../harness/side.ts";
import { noopExecutor } from "../vinyasa/noop.ts";
import { configFor, log } from "../vinyasa/parts.ts";

const prepare: PrepareSide = async (environment) => {
  const config = { ...configFor(environment), workerThreads: [], drainDelayMs: 0 };
  const instance = await startInstance({ config, log, executors: [noopExecutor(() => {})] });
  return httpSide(`${instance.url}/graphql`, environment, () => instance.stop());
};

export default prepare;
