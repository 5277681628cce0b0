/** Engines on a database of a test's own, jobs for them, and executors that tests hold. */

import { pino } from "pino";
import { z } from "zod";
import type { JobRecord } from "../../src/domain/job-record.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineOptions } from "../../src/engine/engine-options.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { defineExecutor, type Executor } from "../../src/executors/define-executor.ts";
import { Registry } from "../../src/executors/registry.ts";
import type { Database } from "../../src/store/database.ts";
import { insertJobs, type NewJob } from "../../src/store/insert-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { createTestDatabase } from "../support/postgres.ts";

const log = pino({ level: "silent" });

export interface Wish extends Partial<Omit<NewJob, "lane">> {
  readonly type: string;
  readonly queue?: string;
  readonly threads?: number;
}

export class Stage {
  readonly url: string;
  readonly db: Database;
  readonly bus = new InProcessBus(log);
  readonly lanes: LaneCatalog;
  readonly #engines: Engine[] = [];
  readonly #answered = new Map<string, number>();
  readonly #drop: () => Promise<void>;

  static async open(): Promise<Stage> {
    const { url, drop } = await createTestDatabase();
    const db = await openPostgres({ url, poolMax: 8, role: "engine", log });
    const stage = new Stage(url, db, drop);
    await stage.bus.start();
    return stage;
  }

  constructor(url: string, db: Database, drop: () => Promise<void>) {
    this.url = url;
    this.db = this.#counting(db);
    this.lanes = new LaneCatalog(this.db);
    this.#drop = drop;
  }

  async startEngine(
    executors: readonly Executor[],
    options: Partial<EngineOptions> = {},
  ): Promise<Engine> {
    const engine = new Engine({
      db: this.db,
      heartbeatDb: this.db,
      bus: this.bus,
      lanes: this.lanes,
      executors: new Registry(executors),
      log,
      workerThreads: [4],
      queues: null,
      pollIntervalMs: 200,
      leaseMs: 2_000,
      heartbeatMs: 100,
      ...options,
    });
    this.#engines.push(engine);
    await engine.start();
    return engine;
  }

  async submit(...wishes: Wish[]): Promise<JobRecord[]> {
    const specs = wishes.map(({ type, queue = "default", threads = 1 }) => {
      return { type, queue, threads };
    });
    const lanes = await this.lanes.intern(specs);
    const jobs = wishes.map(({ type: _type, queue: _queue, threads: _threads, ...wish }, index) => {
      const lane = lanes[index];
      if (lane === undefined) throw new Error("no lane");
      return { ...PLAIN_JOB, id: newJobId(), ...wish, lane };
    });
    const records = await insertJobs(this.db, jobs);
    this.bus.wake({ lanes: lanes.map((lane) => lane.id) });
    return records;
  }

  async submitOne(wish: Wish): Promise<JobRecord> {
    const [job] = await this.submit(wish);
    if (job === undefined) throw new Error("nothing was stored");
    return job;
  }

  async job(id: string): Promise<JobRecord> {
    const job = (await readJobs(this.db, [id])).get(id);
    if (job === undefined) throw new Error(`there is no job ${id}`);
    return job;
  }

  /** Resolves with the job once `wanted` holds for it; the test's own timeout is the limit. */
  async until(id: string, wanted: (job: JobRecord) => boolean): Promise<JobRecord> {
    for (;;) {
      const job = await this.job(id);
      if (wanted(job)) return job;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Resolves when all engines together have polled so often from now on, and acted on it. */
  async whenPolled(times: number): Promise<void> {
    const polls = () => this.#answered.get("read-ready-lanes") ?? 0;
    const before = polls();
    // One may have been under way when this was called, and one more comes after the last counted.
    while (polls() < before + times + 2) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #counting(real: Database): Database {
    return {
      kind: real.kind,
      query: async (statement, values) => {
        const rows = await real.query(statement, values);
        this.#answered.set(statement.name, (this.#answered.get(statement.name) ?? 0) + 1);
        return rows as never;
      },
      transaction: (name, work) => real.transaction(name, work),
      script: (sql) => real.script(sql),
      describe: () => real.describe(),
      maintain: () => real.maintain(),
      close: () => real.close(),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.stop(0)));
    await this.bus.stop();
    await this.db.close();
    await this.#drop();
  }
}

export const ended = (job: JobRecord): boolean =>
  ["COMPLETED", "FAILED", "CANCELLED"].includes(job.status);

/** An executor whose runs wait until the test lets them go, and which counts the threads in use. */
export class Held {
  /** Ids of jobs, in the order in which they started. */
  readonly started: string[] = [];
  readonly executor: Executor;
  threadsInUse = 0;
  readonly #releases = new Map<string, () => void>();
  readonly #waiting = new Set<() => void>();

  constructor(type: string, { parallelizable = true } = {}) {
    this.executor = defineExecutor({
      type,
      description: "waits",
      payload: z.looseObject({}),
      parallelizable,
      run: async (_payload, { jobId, threads }) => {
        this.started.push(jobId);
        this.threadsInUse += threads;
        const released = new Promise<void>((resolve) => this.#releases.set(jobId, resolve));
        for (const look of this.#waiting) look();
        await released;
        this.threadsInUse -= threads;
        return null;
      },
    });
  }

  get running(): string[] {
    return [...this.#releases.keys()];
  }

  release(id: string | undefined): void {
    if (id === undefined) throw new Error("no such job");
    const release = this.#releases.get(id);
    this.#releases.delete(id);
    if (release === undefined) throw new Error(`${id} does not run`);
    release();
  }

  releaseAll(): void {
    for (const id of this.running) this.release(id);
  }

  /** Resolves once so many have started, or the job with this id. */
  whenStarted(wanted: number | string | undefined): Promise<void> {
    const hasStarted = () =>
      typeof wanted === "number"
        ? this.started.length >= wanted
        : wanted !== undefined && this.started.includes(wanted);
    return new Promise((resolve) => {
      const look = () => {
        if (!hasStarted()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
