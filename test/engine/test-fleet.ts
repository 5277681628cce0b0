/** Engines on one database, and an instance that can be made to die under the jobs it runs. */

import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { z } from "zod";
import type { JobRecord } from "../../src/domain/job-record.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineOptions } from "../../src/engine/engine-options.ts";
import type { Bus } from "../../src/events/bus.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { defineExecutor, type Executor } from "../../src/executors/define-executor.ts";
import { Registry } from "../../src/executors/registry.ts";
import { claimJobs, LANE_START } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { insertJobs, type NewJob } from "../../src/store/insert-jobs.ts";
import { endInstance, registerInstance } from "../../src/store/instances.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { rescueJobs } from "../../src/store/rescue-jobs.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { createTestDatabase } from "../support/postgres.ts";

const log = pino({ level: "silent" });

export interface Wish extends Partial<Omit<NewJob, "lane">> {
  readonly type: string;
  readonly threads?: number;
}

export class TestFleet {
  readonly url: string;
  readonly db: Database;
  readonly lanes: LaneCatalog;
  readonly bus: InProcessBus;
  readonly #engines: Engine[] = [];
  readonly #databases: Database[] = [];

  private constructor(url: string, db: Database) {
    this.url = url;
    this.db = db;
    this.lanes = new LaneCatalog(db);
    this.bus = new InProcessBus(log);
  }

  static async create(): Promise<TestFleet> {
    const { url } = await createTestDatabase();
    return new TestFleet(url, await openPostgres({ url, poolMax: 10, role: "engine", log }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.stop(0)));
    await Promise.all([...this.#databases, this.db].map((db) => db.close()));
  }

  async openHeartbeat(): Promise<Database> {
    const db = await openPostgres({ url: this.url, poolMax: 1, role: "heartbeat", log });
    this.#databases.push(db);
    return db;
  }

  async start(executors: readonly Executor[], options: Partial<EngineOptions> = {}) {
    const engine = new Engine({
      ...{ db: this.db, heartbeatDb: await this.openHeartbeat(), bus: this.bus as Bus },
      ...{ lanes: this.lanes, executors: new Registry(executors), log, queues: null },
      ...{ workerThreads: [4], pollIntervalMs: 200, leaseMs: 2_000, heartbeatMs: 100 },
      ...options,
    });
    this.#engines.push(engine);
    await engine.start();
    return engine;
  }

  async submit(...wishes: Wish[]): Promise<JobRecord[]> {
    const records = await this.#insert(wishes);
    this.bus.wake({ lanes: [...this.lanes.all()].map(({ id }) => id) });
    return records;
  }

  async #insert(wishes: readonly Wish[]): Promise<JobRecord[]> {
    const specs = wishes.map(({ type, threads = 1 }) => ({ queue: "default", type, threads }));
    const found = await this.lanes.intern(specs);
    const jobs = wishes.map(({ type: _type, threads: _threads, ...wish }, index) => {
      const lane = found[index];
      if (lane === undefined) throw new Error("no lane");
      return { ...PLAIN_JOB, id: newJobId(), ...wish, lane };
    });
    return insertJobs(this.db, jobs);
  }

  /** An instance that has claimed all that is ready, and does nothing with it. */
  async ghost(): Promise<{ key: { id: number; uuid: string }; heartbeat: Database }> {
    const heartbeat = await this.openHeartbeat();
    const uuid = randomUUID();
    const spec = { uuid, hostname: "ghost", pid: 1, codeVersion: 2, workers: [] };
    const id = await registerInstance(heartbeat, spec);
    const lanes = [...this.lanes.all()].map((lane) => ({ lane, threads: 1, from: LANE_START }));
    const claim = { limit: 1_000, instance: id, worker: 1, token: randomUUID() };
    await claimJobs(this.db, { ...claim, lanes });
    return { key: { id, uuid }, heartbeat };
  }

  /**
   * Jobs that are ready, having lost their first attempt with an instance. Engines that poll meanwhile
   * may take them before.
   */
  async submitSuspects(...wishes: Wish[]): Promise<JobRecord[]> {
    const jobs = await this.#insert(wishes);
    const { key, heartbeat } = await this.ghost();
    await endInstance(heartbeat, key);
    const lanes = [...this.lanes.all()].map(({ id }) => id);
    const suspects = await this.lanes.internSuspects(lanes);
    await rescueJobs(this.db, [key.id], suspects, 1_000);
    this.bus.wake({ lanes: [...suspects.values()] });
    return jobs;
  }

  /** Resolves with the job once it has ended. */
  async ended(id: string): Promise<JobRecord> {
    for (;;) {
      const job = (await readJobs(this.db, [id])).get(id);
      if (job !== undefined && /COMPLETED|FAILED|CANCELLED/.test(job.status)) return job;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** An executor that ends when the test says so, and counts. */
export function held(type: string) {
  const started: string[] = [];
  const releases: (() => void)[] = [];
  const state = { running: 0, most: 0, open: false };
  let onStart = () => {};
  const executor = defineExecutor({
    type,
    description: "waits",
    payload: z.looseObject({}),
    parallelizable: true,
    run: async (_payload, { jobId }) => {
      started.push(jobId);
      state.running += 1;
      state.most = Math.max(state.most, state.running);
      onStart();
      if (!state.open) await new Promise<void>((resolve) => releases.push(resolve));
      state.running -= 1;
      return null;
    },
  });
  const whenStarted = (count: number) =>
    new Promise<void>((resolve) => {
      onStart = () => {
        if (started.length >= count) resolve();
      };
      onStart();
    });
  /** Nothing waits any more. */
  const open = () => {
    state.open = true;
    for (const release of releases.splice(0)) release();
  };
  return { executor, started, releases, state, whenStarted, open };
}

/** An executor that ends at once, and notes in which order jobs came. */
export function quick(type: string, order: string[] = []) {
  const executor = defineExecutor({
    type,
    description: "does nothing",
    payload: z.looseObject({}),
    run: async () => {
      order.push(type);
      return null;
    },
  });
  return { executor, order };
}
