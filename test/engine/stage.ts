/**
 * Engines on a database of a test's own, jobs for them, and what became of those. Needs no test
 * runner: a process of its own can stand on one, too.
 */
import { pino } from "pino";
import type { JobEvent } from "../../src/domain/event.ts";
import { isFinal } from "../../src/domain/job.ts";
import type { JobRecord } from "../../src/domain/job-record.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineOptions } from "../../src/engine/engine-options.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import type { Executor } from "../../src/executors/define-executor.ts";
import { Registry } from "../../src/executors/registry.ts";
import { createOperations, type Operations } from "../../src/operations/index.ts";
import type { Database } from "../../src/store/database.ts";
import { insertJobs, type NewJob } from "../../src/store/insert-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { type AttemptRecord, readAttempts } from "../../src/store/read-attempts.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { withQuery } from "../support/with-query.ts";

export const silentLog = pino({ level: "silent" });

/** Connections that the engines of a stage share. */
export const POOL_MAX = 10;

/** A plain job, but for what is said here. */
export interface Wish extends Partial<Omit<NewJob, "lane">> {
  readonly type: string;
  readonly queue?: string;
  readonly threads?: number;
}

export class Stage {
  readonly url: string;
  readonly db: Database;
  readonly bus = new InProcessBus(silentLog);
  readonly lanes: LaneCatalog;
  readonly operations: Operations;
  /** How often each statement over `db` was answered, by its name. */
  readonly answered = new Map<string, number>();
  readonly #engines: Engine[] = [];
  readonly #databases: Database[];

  /** @param url of a migrated database */
  static async open(url: string): Promise<Stage> {
    const db = await openPostgres({ url, poolMax: POOL_MAX, role: "engine", log: silentLog });
    const stage = new Stage(url, db);
    await stage.bus.start();
    return stage;
  }

  private constructor(url: string, db: Database) {
    this.url = url;
    this.db = withQuery(db, async (statement, values) => {
      const rows = await db.query(statement, values);
      this.answered.set(statement.name, (this.answered.get(statement.name) ?? 0) + 1);
      return rows;
    });
    this.#databases = [db];
    this.lanes = new LaneCatalog(this.db);
    this.operations = createOperations({ ...this.parts(), executors: new Registry([]) });
  }

  /** What engines and operations stand on together. */
  parts(): Pick<EngineOptions, "db" | "bus" | "lanes"> {
    return { db: this.db, bus: this.bus, lanes: this.lanes };
  }

  async startEngine(
    executors: readonly Executor[],
    options: Partial<EngineOptions> = {},
  ): Promise<Engine> {
    const engine = new Engine({
      ...this.parts(),
      heartbeatDb: options.heartbeatDb ?? (await this.openHeartbeat()),
      ...{ executors: new Registry(executors), log: silentLog, workerThreads: [4], queues: null },
      ...{ pollIntervalMs: 200, leaseMs: 5_000, heartbeatMs: 100 },
      ...options,
    });
    this.#engines.push(engine);
    await engine.start();
    return engine;
  }

  /** A connection of its own, as an instance has it: its lock goes with it. */
  async openHeartbeat(): Promise<Database> {
    const options = { url: this.url, poolMax: 1, role: "heartbeat", log: silentLog } as const;
    const db = await openPostgres(options);
    this.#databases.push(db);
    return db;
  }

  /** The jobs as they were stored, in the order of the wishes. */
  async submit<Wishes extends readonly Wish[]>(
    ...wishes: Wishes
  ): Promise<{ readonly [Index in keyof Wishes]: JobRecord }> {
    const records = await this.store(wishes);
    this.bus.wake({ lanes: [...this.lanes.all()].map(({ id }) => id) });
    return records;
  }

  /** Like `submit`, and nobody is told. */
  async store<Wishes extends readonly Wish[]>(
    wishes: Wishes,
  ): Promise<{ readonly [Index in keyof Wishes]: JobRecord }> {
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
    return records as { readonly [Index in keyof Wishes]: JobRecord };
  }

  async job(id: string): Promise<JobRecord> {
    const job = (await readJobs(this.db, [id])).get(id);
    if (job === undefined) throw new Error(`there is no job ${id}`);
    return job;
  }

  /** Newest first. */
  async attempts(id: string): Promise<readonly AttemptRecord[]> {
    return (await readAttempts(this.db, [id])).get(id) ?? [];
  }

  /** Resolves with the job once `wanted` holds for it; the test's own timeout is the limit. */
  async until(id: string, wanted: (job: JobRecord) => boolean): Promise<JobRecord> {
    for (;;) {
      const job = await this.job(id);
      if (wanted(job)) return job;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  ended(id: string): Promise<JobRecord> {
    return this.until(id, ({ status }) => isFinal(status));
  }

  /** Resolves when all engines together have polled so often from now on, and acted on it. */
  async whenPolled(times: number): Promise<void> {
    const polls = () => this.answered.get("read-ready-lanes") ?? 0;
    const before = polls();
    // One may have been under way when this was called, and one more comes after the last counted.
    while (polls() < before + times + 2) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** All events from now on. */
  async record(): Promise<JobEvent[]> {
    const events: JobEvent[] = [];
    this.bus.onEvents((batch) => void events.push(...batch));
    await this.bus.announceInterest(null);
    return events;
  }

  async close(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.stop(0)));
    await this.bus.stop();
    await Promise.all(this.#databases.map((db) => db.close()));
  }
}
