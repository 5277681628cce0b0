/** Jobs in memory that stand for the database: what is here is committed. */
import type { JobEvent } from "../../src/domain/event.ts";
import type { JobRecord } from "../../src/domain/job-record.ts";
import { eventOf, sampleJob } from "./sample-job.ts";

export class MemoryStore {
  readonly #jobs = new Map<string, JobRecord>();
  /** Ids that the next read which asks for them does not find. */
  readonly hiddenOnce = new Set<string>();
  /** What the next read finds of this job. */
  overrideOnce: JobRecord | null = null;
  /** Ids of each statement. */
  readonly reads: string[][] = [];
  /** Awaited inside of each read, before it looks. */
  beforeRead: () => Promise<void> = async () => {};
  /** Awaited inside of each read, after it looked. */
  afterRead: () => Promise<void> = async () => {};

  add(values: Partial<JobRecord> = {}): JobRecord {
    const job = sampleJob(values);
    this.#jobs.set(job.id, job);
    return job;
  }

  /** Commits the next version of a job, and returns the event that tells of it. */
  commit(id: string, changes: Partial<JobRecord>): JobEvent {
    const before = this.get(id);
    const job = { ...before, ...changes, version: before.version + 1 };
    this.#jobs.set(id, job);
    return eventOf(job, before.status);
  }

  get(id: string): JobRecord {
    const job = this.#jobs.get(id);
    if (job === undefined) throw new Error(`no job ${id}`);
    return job;
  }

  delete(id: string): void {
    this.#jobs.delete(id);
  }

  readonly readJobs = async (ids: readonly string[]): Promise<Map<string, JobRecord>> => {
    this.reads.push([...ids]);
    await this.beforeRead();
    const found = ids.flatMap((id) => {
      const job = this.#takeOverride(id) ?? this.#jobs.get(id);
      return job === undefined || this.hiddenOnce.delete(id) ? [] : [[id, job] as const];
    });
    await this.afterRead();
    return new Map(found);
  };

  #takeOverride(id: string): JobRecord | null {
    const job = this.overrideOnce?.id === id ? this.overrideOnce : null;
    if (job !== null) this.overrideOnce = null;
    return job;
  }
}
