/** The end of an instance's work: what runs may end, the rest is given back, and all of it is written. */
import type { Logger } from "pino";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { Completer } from "./completer.ts";
import { endsWithin } from "./ends-within.ts";
import { failPoint } from "./fail-points.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Worker } from "./worker.ts";

export interface WorkersToDrain {
  readonly scheduler: Scheduler;
  readonly workers: readonly Worker[];
  readonly completer: Completer;
  readonly log: Logger;
  /** Gives back jobs that were not started. */
  readonly release: (jobs: readonly ClaimedJob[]) => void;
  /** Gives back what claims took whose answers were lost. */
  readonly reconcile: () => Promise<void>;
}

/** After the grace time an executor may react to its signal before the instance goes. */
const LAST_MOMENT_MS = 200;
/**
 * For the database's answers, after the grace time. One that is restarted in this moment is not waited
 * for: whoever sent the signal may send SIGKILL soon, and others take back what could not be written.
 */
const LAST_WORDS_MS = 3_000;

/** Claims nothing more. No attempt is spent, and the grace time counts from the call. */
export async function drainWorkers(draining: WorkersToDrain, graceMs: number): Promise<void> {
  const { scheduler, workers, release } = draining;
  const graceEnd = performance.now() + graceMs;
  const left = (more: number) => Math.max(0, graceEnd + more - performance.now());
  // What a claim in flight still brings is given back: the grace time does not wait for it.
  const claimsEnded = scheduler.stop();
  const unstarted = workers.flatMap((worker) => worker.takeReadAhead());
  release(unstarted);
  const running = countRunning(draining);
  sayWhatIsAwaited(draining, running, graceMs);
  failPoint("mid-drain");
  const givenBack = await stopWorkers(draining, left(0));
  await endsWithin(claimsEnded, left(LAST_WORDS_MS / 2));
  const unwritten = await flushOutcomes(draining, left(LAST_WORDS_MS));
  const reconciled = draining.reconcile().catch((err: unknown) => {
    draining.log.error({ err }, "claims without an answer could not be given back");
  });
  await endsWithin(reconciled, left(LAST_WORDS_MS));
  if (workers.length === 0) return;
  const counts = {
    running,
    finished: running - givenBack,
    givenBack,
    notStarted: unstarted.length,
  };
  draining.log.info({ ...counts, ...(unwritten > 0 && { unwritten }) }, "workers drained");
}

function countRunning({ workers }: WorkersToDrain): number {
  return workers.reduce((sum, worker) => sum + worker.running, 0);
}

function sayWhatIsAwaited({ log }: WorkersToDrain, running: number, graceMs: number): void {
  if (running === 0) return;
  log.info({ running, graceMs }, "waiting for running jobs to end; a second signal stops at once");
}

/** Resolves to the number of running jobs that were given back. */
async function stopWorkers(draining: WorkersToDrain, graceMs: number): Promise<number> {
  const { workers, log } = draining;
  const idle = Promise.all(workers.map((worker) => whenStopped(worker, log)));
  if (await endsWithin(idle, graceMs)) return 0;
  const late = countRunning(draining);
  for (const worker of workers) worker.releaseRunning("the instance stops");
  await endsWithin(idle, LAST_MOMENT_MS);
  return late;
}

async function whenStopped(worker: Worker, log: Logger): Promise<void> {
  await worker.whenEmpty();
  log.info({ worker: worker.number }, "worker stopped");
}

/**
 * With the database away there is nobody to tell: another instance takes the jobs back later. Resolves to
 * the number of these.
 */
async function flushOutcomes({ completer, log }: WorkersToDrain, limitMs: number): Promise<number> {
  if (await endsWithin(completer.flush(), limitMs)) return 0;
  const unwritten = completer.abandon();
  log.error({ unwritten }, "outcomes could not be written before the stop");
  return unwritten;
}
