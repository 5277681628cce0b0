/** Job types that run in threads, each doing something that the pool has to cope with. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import {
  defineExecutor,
  type Executor,
  type ExecutorContext,
} from "../../../src/executors/define-executor.ts";
import {
  NonRetryableError,
  PostponeError,
  RetryAfterError,
} from "../../../src/executors/errors.ts";

type Run = (payload: Record<string, unknown>, context: ExecutorContext) => unknown;

function threaded(type: string, run: Run): Executor {
  const shared = { description: "for a test", payload: z.looseObject({}), cpuBound: true };
  return defineExecutor({ ...shared, type, module: import.meta.url, run });
}

/** Its answer shows where it ran. */
export const whereabouts = threaded("whereabouts", async (payload, context) => {
  const { threadId } = await import("node:worker_threads");
  const { jobId, attempt, threads } = context;
  return { payload, jobId, attempt, threads, threadId };
});

/** Computes for ever, after a word to whoever waits for it. */
export const stuck = threaded("stuck", async (_payload, context) => {
  context.progress(0.5);
  await sleep(1);
  for (;;) {
    // Nothing is heard in here.
  }
});

/** Ends when it is told to. */
export const listening = threaded("listening", async (_payload, { signal, progress }) => {
  progress(0.5);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  throw new Error(`heard: ${(signal.reason as Error).message}`);
});

export const throwing = threaded("throwing", ({ kind }) => {
  const cause = new Error("the reason", { cause: "below it" });
  if (kind === "final") throw new NonRetryableError("final", { code: "FINAL", cause });
  if (kind === "later") throw new RetryAfterError(1_234, "later", { code: "LATER" });
  if (kind === "postponed") throw new PostponeError(2_345);
  throw Object.assign(new Error("plain", { cause }), { code: "PLAIN" });
});

export const exiting = threaded("exiting", () => process.exit(3));

export const failingLater = threaded("failing-later", async () => {
  setTimeout(() => {
    throw new Error("thrown where nobody catches");
  }, 1);
  await sleep(60_000);
});

export const hoarding = threaded("hoarding", () => {
  const kept: string[][] = [];
  for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => `item ${index}`));
});

export const leaving = threaded("leaving", (_payload, context) => {
  const bytes = new Uint8Array([1, 2, 3]);
  const first = context.artifact(bytes, { contentType: "text/plain" });
  bytes.fill(9);
  const second = context.artifact(bytes, { contentType: "image/png" });
  return { first, second };
});

export const unstorable = threaded("unstorable", () => ({ big: 10n }));

/** Each part says in which thread it was done. */
export const sharing = threaded("sharing", async ({ chunks, failAt }, context) => {
  const list = Array.from({ length: Number(chunks) }, (_, place) => ({ place, failAt }));
  const done: number[] = [];
  const parts = await context.parallel(part, list, { onDone: ({ place }) => done.push(place) });
  return { places: parts.map(({ place }) => place), done: done.length, threads: countOf(parts) };
});

export interface Part {
  readonly place: number;
  readonly thread: number;
}

export async function part({ place, failAt }: { place: number; failAt: unknown }): Promise<Part> {
  const { threadId } = await import("node:worker_threads");
  if (place === failAt) throw new RetryAfterError(50, `part ${place} failed`, { code: "PART" });
  // Long enough for the others to get their share.
  const until = performance.now() + 20;
  while (performance.now() < until);
  return { place, thread: threadId };
}

function countOf(parts: readonly Part[]): number {
  return new Set(parts.map(({ thread }) => thread)).size;
}

export const wrongPart = threaded("wrong-part", (_payload, context) =>
  context.parallel(() => null, [1, 2]),
);

export const stuckPart = threaded("stuck-part", async (_payload, context) => {
  context.progress(0.5);
  return context.parallel(compute, [1, 2, 3, 4]);
});

export function compute(): never {
  for (;;);
}

/** Made in each thread, from what the event loop gave along. */
export function greeter(settings: { readonly greeting: string }): Executor {
  return defineExecutor({
    type: "greeter",
    description: "for a test",
    payload: z.looseObject({}),
    cpuBound: true,
    module: { url: import.meta.url, factory: "greeter", settings },
    run: () => settings.greeting,
  });
}

export const misplaced = defineExecutor({
  type: "misplaced",
  description: "for a test",
  payload: z.looseObject({}),
  cpuBound: true,
  module: new URL("./no-such-module.ts", import.meta.url).href,
  run: () => null,
});

export const hasty = threaded("hasty", (_payload, { progress }) => {
  progress(1);
  return null;
});
