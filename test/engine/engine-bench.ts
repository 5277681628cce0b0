/** Engines over a database of a test's own, jobs for them, and what became of those. */

import { pino } from "pino";
import { z } from "zod";
import type { JobEvent } from "../../src/domain/event.ts";
import { isFinal } from "../../src/domain/job.ts";
import type { JobRecord } from "../../src/domain/job-record.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineOptions } from "../../src/engine/engine-options.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import {
  defineExecutor,
  type Executor,
  type ExecutorContext,
} from "../../src/executors/define-executor.ts";
import { Registry } from "../../src/executors/registry.ts";
import { createOperations, type Operations } from "../../src/operations/index.ts";
import type { Database } from "../../src/store/database.ts";
import { insertJobs, type NewJob } from "../../src/store/insert-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { type AttemptRecord, readAttempts } from "../../src/store/read-attempts.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { PLAIN_JOB } from "../support/new-job.ts";

export const silentLog = pino({ level: "silent" });

export interface Wish extends Partial<Omit<NewJob, "lane">> {
  readonly type: string;
}

export class EngineBench {
  readonly db: Database;
  readonly bus = new InProcessBus(silentLog);
  readonly lanes: LaneCatalog;
  readonly operations: Operations;
  readonly #engines: Engine[] = [];

  constructor(db: Database) {
    this.db = db;
    this.lanes = new LaneCatalog(db);
    const { bus, lanes } = this;
    this.operations = createOperations({ db, lanes, bus, executors: new Registry([]) });
  }

  async close(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.stop(0)));
    await this.db.close();
  }

  async startEngine(
    executors: readonly Executor[],
    options: Partial<EngineOptions> = {},
  ): Promise<Engine> {
    const { db, bus, lanes } = this;
    const engine = new Engine({
      ...{ db, heartbeatDb: db, bus, lanes, executors: new Registry(executors), log: silentLog },
      ...{ workerThreads: [4], queues: null },
      ...{ pollIntervalMs: 200, leaseMs: 5_000, heartbeatMs: 100 },
      ...options,
    });
    this.#engines.push(engine);
    await engine.start();
    return engine;
  }

  async submit(wish: Wish): Promise<string> {
    const [id] = await this.submitMany([wish]);
    if (id === undefined) throw new Error("nothing was stored");
    return id;
  }

  async submitMany(wishes: readonly Wish[]): Promise<string[]> {
    const specs = wishes.map(({ type }) => ({ type, queue: "default", threads: 1 }));
    const lanes = await this.lanes.intern(specs);
    const jobs = wishes.map(({ type: _type, ...wish }, index) => {
      const lane = lanes[index];
      if (lane === undefined) throw new Error("no lane");
      return { ...PLAIN_JOB, id: newJobId(), ...wish, lane };
    });
    await insertJobs(this.db, jobs);
    this.bus.wake({ lanes: lanes.map(({ id }) => id) });
    return jobs.map(({ id }) => id);
  }

  async read(id: string): Promise<JobRecord> {
    const job = (await readJobs(this.db, [id])).get(id);
    if (job === undefined) throw new Error(`there is no job ${id}`);
    return job;
  }

  /** Resolves with the job once `wanted` holds for it; the test's own timeout is the limit. */
  async until(id: string, wanted: (job: JobRecord) => boolean): Promise<JobRecord> {
    for (;;) {
      const job = await this.read(id);
      if (wanted(job)) return job;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  untilEnded(id: string): Promise<JobRecord> {
    return this.until(id, ({ status }) => isFinal(status));
  }

  /** Newest first. */
  async attempts(id: string): Promise<readonly AttemptRecord[]> {
    return (await readAttempts(this.db, [id])).get(id) ?? [];
  }

  /** All events from now on. */
  async record(): Promise<JobEvent[]> {
    const events: JobEvent[] = [];
    this.bus.onEvents((batch) => void events.push(...batch));
    await this.bus.announceInterest(null);
    return events;
  }
}

/** A job type of anything that does what `run` says. */
export function executorOf(
  type: string,
  run: (payload: Record<string, unknown>, context: ExecutorContext) => unknown,
): Executor {
  const payload = z.looseObject({});
  return defineExecutor({ type, description: "for a test", payload, run });
}

/** An executor whose runs wait until the test lets them go, deaf to their signal. */
export function heldExecutor(type: string) {
  const runs: HeldRun[] = [];
  let onStart = () => {};
  const executor = executorOf(
    type,
    (_payload, context) =>
      new Promise((resolve, reject) => {
        runs.push({ context, signal: context.signal, resolve, reject });
        onStart();
      }),
  );
  const started = (count: number) =>
    new Promise<void>((resolve) => {
      onStart = () => {
        if (runs.length >= count) resolve();
      };
      onStart();
    });
  return { executor, runs, started };
}

export interface HeldRun {
  readonly context: ExecutorContext;
  readonly signal: AbortSignal;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}
