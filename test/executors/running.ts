/** What a worker hands to an executor, for tests that run one without a worker. */
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import type { Outcome } from "../../src/domain/outcome.ts";
import type { Executor, ExecutorContext } from "../../src/executors/define-executor.ts";
import { outcomeOf } from "../../src/executors/run-executor.ts";
import { createTestContext } from "../../src/executors/test-context.ts";

export const silentLog = pino({ level: "silent" });

export const JOB_ID = "0193a5b0-1234-7000-8000-00000000abcd";

export function contextWith(parts: Partial<ExecutorContext> = {}): ExecutorContext {
  return createTestContext({ jobId: JOB_ID, sleep, ...parts });
}

export function run(
  executor: Executor,
  payload: unknown,
  parts: Partial<ExecutorContext> = {},
): Promise<Outcome> {
  return outcomeOf(executor, payload, contextWith(parts));
}

/** The result of a run that must complete. */
export async function resultOf(
  executor: Executor,
  payload: unknown,
  parts: Partial<ExecutorContext> = {},
): Promise<unknown> {
  const outcome = await run(executor, payload, parts);
  if (outcome.kind !== "COMPLETED") throw new Error(`not completed: ${JSON.stringify(outcome)}`);
  return JSON.parse(outcome.result);
}

type Failed = Extract<Outcome, { kind: "FAILED" }>;

/** The error of a run that must fail, with the delay that it asks for. */
export async function failureOf(
  executor: Executor,
  payload: unknown,
  parts: Partial<ExecutorContext> = {},
): Promise<Failed["error"] & { retryAfterMs?: number }> {
  const outcome = await run(executor, payload, parts);
  if (outcome.kind !== "FAILED") throw new Error(`not failed: ${JSON.stringify(outcome)}`);
  const { error, retryAfterMs } = outcome;
  return { ...error, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** Something that a test waits for, and a server's callback reports. */
export function signal(): { readonly given: Promise<void>; give(): void } {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
