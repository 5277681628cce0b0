/** The same work for every side. */
import { setTimeout } from "node:timers/promises";

export const BATCH = 1_000;

/** Of what is measured, run before it: the code is compiled, the connections are open. */
export function warmUpOf(count: number): number {
  return Math.max(1, Math.ceil(count / 5));
}

export interface Payload {
  readonly id: number;
}

/** Calls `add` with payloads in batches, one after the other. */
export async function addInBatches(
  count: number,
  add: (payloads: readonly Payload[]) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < count; start += BATCH) {
    const size = Math.min(BATCH, count - start);
    await add(Array.from({ length: size }, (_, index) => ({ id: start + index })));
  }
}

/** How many of `count` things a second `work` does. */
export async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (count * 1_000) / (performance.now() - startedAt);
}

/** Between two single jobs: everything about the one before has ended. */
const PAUSE_MS = 20;

/**
 * Milliseconds from each call of `submit` to its job's start.
 *
 * @param submit calls `started` (a fresh one each time) when the job's code runs
 */
export async function timeStarts(
  samples: number,
  submit: (started: () => void) => Promise<unknown>,
): Promise<number[]> {
  const timesMs: number[] = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const submittedAt = performance.now();
    const startedAt = new Promise<number>((resolve, reject) => {
      submit(() => resolve(performance.now())).catch(reject);
    });
    timesMs.push((await startedAt) - submittedAt);
    await setTimeout(PAUSE_MS);
  }
  return timesMs;
}
