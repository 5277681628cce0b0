/** Job types whose runs do what the plan of their job says. */
import { z } from "zod";
import { defineExecutor, type ExecutorContext } from "../../src/executors/define-executor.ts";
import { NonRetryableError, postpone, RetryAfterError } from "../../src/executors/errors.ts";
import { Registry } from "../../src/executors/registry.ts";
import type { Execution, Oracle } from "./oracle.ts";
import type { PlannedRun } from "./plan.ts";
import type { VirtualTime } from "./virtual-time.ts";
import { UNSTORABLE } from "./write-statements.ts";

const WELL: PlannedRun = { ms: 5, end: "ok", heeds: true, reports: false };

export interface ExecutorsOptions {
  readonly time: VirtualTime;
  readonly oracle: Oracle;
  readonly trace: (line: string) => void;
}

interface Payload {
  readonly runs: readonly PlannedRun[];
}

export function createExecutors({ time, oracle, trace }: ExecutorsOptions): Registry {
  const run = async ({ runs }: Payload, context: ExecutorContext) => {
    const { process } = time;
    const { jobId, attempt } = context;
    const planned = runs[attempt - 1] ?? WELL;
    const execution: Execution = { jobId, attempt, process, isAborted: false, isOpen: true };
    trace(`${process.name} starts ${jobId} attempt ${attempt}`);
    oracle.started(execution);
    context.signal.addEventListener("abort", () => {
      execution.isAborted = true;
    });
    try {
      return await perform(planned, context, () => process.crash());
    } finally {
      execution.isOpen = false;
    }
  };
  const payload = z.custom<Payload>(() => true);
  const define = (type: string) => defineExecutor({ type, description: "simulated", payload, run });
  return new Registry([define("plain"), define("wide")]);
}

/** What a run logs first, and then. */
export function lineOf(attempt: number, part: number): string {
  return `attempt ${attempt} part ${part}`;
}

async function perform(planned: PlannedRun, context: ExecutorContext, crash: () => void) {
  const { ms, end, heeds, reports } = planned;
  const report = (part: number) => {
    if (!reports) return;
    context.progress(part / 4);
    context.log.info(lineOf(context.attempt, part));
  };
  report(1);
  await pause(ms / 2, heeds ? context.signal : null);
  report(2);
  await pause(ms / 2, heeds ? context.signal : null);
  switch (end) {
    case "fail":
      throw new Error("planned");
    case "fatal":
      throw new NonRetryableError("planned");
    case "later":
      throw new RetryAfterError(300);
    case "postpone":
      return postpone(200);
    case "hang":
      return pause(60_000, heeds ? context.signal : null);
    case "crash":
      crash();
      return null;
    default:
      return end === "unstorable" ? { text: UNSTORABLE } : { ok: true };
  }
}

function pause(ms: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
