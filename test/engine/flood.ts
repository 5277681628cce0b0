/** A flood of short jobs, under which others have to find their way. */
import type { Executor } from "../../src/executors/define-executor.ts";
import { executorOf } from "./executors.ts";
import type { Stage } from "./stage.ts";

export interface Flood {
  readonly executor: Executor;
  /** How many jobs so far. */
  started: number;
  start(jobs: number): Promise<void>;
  /** Jobs that end bring no others any more. */
  ebb(): void;
}

/** A type whose jobs take `ms` and each submit the next one: threads never run out of work. */
export function flood(stage: Stage, type: string, ms: number): Flood {
  let rises = true;
  const executor = executorOf(type, async () => {
    tide.started += 1;
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (rises) await stage.submit({ type });
    return null;
  });
  const tide: Flood = {
    executor,
    started: 0,
    async start(jobs) {
      await stage.submit(...Array.from({ length: jobs }, () => ({ type })));
    },
    ebb() {
      rises = false;
    },
  };
  return tide;
}
