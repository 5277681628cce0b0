/** Clients of the fleet: they submit, cancel, retry and watch, through whichever instance is there. */
import { isFinal } from "../../src/domain/job.ts";
import { announceSubmitted } from "../../src/operations/announce-submitted.ts";
import { createCancelJob } from "../../src/operations/cancel-job.ts";
import { createRetryJob } from "../../src/operations/retry-job.ts";
import { storeSubmits } from "../../src/operations/store-submits.ts";
import type { NewJob } from "../../src/store/insert-jobs.ts";
import type { Random } from "../store/random.ts";
import type { Oracle } from "./oracle.ts";
import type { PlannedJob } from "./plan.ts";
import type { SimInstance } from "./sim-instance.ts";
import { EPOCH_MS } from "./virtual-globals.ts";
import type { VirtualProcess } from "./virtual-process.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface ClientsOptions {
  readonly time: VirtualTime;
  readonly outside: VirtualProcess;
  readonly oracle: Oracle;
  readonly random: Random;
  readonly instances: () => readonly SimInstance[];
  readonly trace: (line: string) => void;
}

const AGAIN_MS = 200;

export class SimClients {
  readonly #options: ClientsOptions;
  readonly #watching = new Set<string>();
  /** Requests that are still to be made. */
  open = 0;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** Jobs that somebody still waits to see the end of, and knows of: their submit was answered. */
  get unseen(): string[] {
    return [...this.#watching].filter((id) => this.#options.oracle.acknowledged.has(id));
  }

  plan(job: PlannedJob, id: string): void {
    const { atMs, cancelInMs, retryInMs, watchInMs } = job;
    this.#at(atMs, (instance) => this.#submit(instance, job, id));
    if (cancelInMs !== null) {
      this.#at(atMs + cancelInMs, async ({ deps }) => {
        await createCancelJob(deps)({ id, reason: "planned" });
      });
    }
    if (retryInMs !== null) {
      this.#at(atMs + retryInMs, async ({ deps }) => {
        await createRetryJob(deps)({ id });
      });
    }
    if (watchInMs !== null) this.#at(atMs + watchInMs, async () => this.#watch(id));
  }

  /** At that time or, if no instance is there then, later. It may fail: clients see errors. */
  #at(atMs: number, ask: (instance: SimInstance) => Promise<void>): void {
    const { time, outside } = this.#options;
    this.open += 1;
    const go = () => {
      const instance = this.#anyInstance();
      if (instance === null) {
        time.after(AGAIN_MS, go, outside);
        return;
      }
      this.open -= 1;
      time.after(0, () => void ask(instance).catch(() => undefined), instance.process);
    };
    time.after(atMs, go, outside);
  }

  #anyInstance(): SimInstance | null {
    const ready = this.#options.instances().filter(({ isReady }) => isReady);
    return ready.length === 0 ? null : this.#options.random.pick(ready);
  }

  async #submit({ deps }: SimInstance, planned: PlannedJob, id: string): Promise<void> {
    const { queue, type, threads } = planned;
    const [lane] = await deps.lanes.intern([{ queue, type, threads }]);
    if (lane === undefined) throw new Error("there is no lane");
    const job = { ...newJob(planned, id, this.#options.time.nowMs), lane };
    const stored = await storeSubmits(deps, [job]);
    this.#options.oracle.acknowledged.add(id);
    this.#options.trace(`${id} acknowledged`);
    announceSubmitted(
      deps.bus,
      stored.map(({ record }) => ({ job: record, lane })),
    );
  }

  /** Until its end has been seen, on one instance after the other if need be. */
  #watch(id: string): void {
    const { time, outside, oracle } = this.#options;
    this.#watching.add(id);
    const again = () => {
      const instance = this.#anyInstance();
      if (instance === null || !oracle.acknowledged.has(id)) time.after(AGAIN_MS, again, outside);
      else this.#watchOn(instance, id, again);
    };
    time.after(0, again, outside);
  }

  #watchOn(instance: SimInstance, id: string, again: () => void): void {
    const { time, outside } = this.#options;
    let isOver = false;
    const end = (sawTheEnd: boolean) => {
      if (isOver) return;
      isOver = true;
      if (sawTheEnd) this.#watching.delete(id);
      else time.after(AGAIN_MS, again, outside);
    };
    instance.process.onCrash(() => end(false));
    const watch = () => void this.#read(instance, id).then(end, () => end(false));
    time.after(0, watch, instance.process);
  }

  async #read(instance: SimInstance, id: string): Promise<boolean> {
    const { oracle, trace } = this.#options;
    let version = 0;
    let sawTheEnd = false;
    for await (const job of instance.updates.watchJob(id)) {
      trace(`${id} seen at ${job.version} as ${job.status}`);
      if (job.version <= version) {
        oracle.violation(`${id} was shown at version ${job.version} after ${version}`);
      }
      version = job.version;
      sawTheEnd = isFinal(job.status);
    }
    if (!sawTheEnd) oracle.violation(`the stream of ${id} ended before its job`);
    return true;
  }
}

/** Times are the clients' own, which are right: those of the instances need not be. */
function newJob(planned: PlannedJob, id: string, atMs: number): Omit<NewJob, "lane"> {
  const { priority, maxAttempts, timeoutMs, runs, scheduledInMs, expiresInMs } = planned;
  const nowMs = EPOCH_MS + Math.floor(atMs);
  return {
    ...{ id, priority, maxAttempts, timeoutMs, payload: JSON.stringify({ runs }) },
    backoff: { kind: "EXPONENTIAL", baseMs: 100, maxMs: 1_000, jitter: 0.25 },
    scheduledAtMs: scheduledInMs === null ? null : nowMs + scheduledInMs,
    expiresAtMs: expiresInMs === null ? null : nowMs + expiresInMs,
    ...{ name: null, tags: [], idempotencyKey: null, inputHash: null },
  };
}
