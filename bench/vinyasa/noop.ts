/** The job type of every benchmark: it does nothing, and says so. */
import { z } from "zod";
import { defineExecutor, type Executor } from "../../dist/src/executors/define-executor.js";

/** @param onRun called when the executor's code runs */
export function noopExecutor(onRun: (payload: { id: number }) => void): Executor {
  return defineExecutor({
    type: "noop",
    description: "Does nothing.",
    payload: z.object({ id: z.number() }),
    result: z.object({ ok: z.boolean() }),
    run: (payload) => {
      onRun(payload);
      return { ok: true };
    },
  });
}
