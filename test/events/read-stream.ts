/** Reads a stream the way a fast client does, and remembers what it got. */
import type { JobRecord } from "../../src/domain/job-record.ts";

export interface Reading {
  readonly states: JobRecord[];
  /** Resolves when the stream completes, rejects when it breaks off. */
  readonly completed: Promise<void>;
  /** Resolves when a state that fits has come. */
  until(fits: (job: JobRecord) => boolean): Promise<JobRecord>;
}

export function readStream(stream: AsyncIterableIterator<JobRecord>): Reading {
  const states: JobRecord[] = [];
  const waiting = new Set<() => void>();
  const read = async () => {
    for await (const job of stream) {
      states.push(job);
      for (const check of waiting) check();
    }
  };
  const completed = read();
  // A test that does not await it has its reasons; it still rejects for the one that does.
  completed.catch(() => {});
  const until = (fits: (job: JobRecord) => boolean) =>
    new Promise<JobRecord>((resolve, reject) => {
      const check = () => {
        const job = states.find(fits);
        if (job === undefined) return;
        waiting.delete(check);
        resolve(job);
      };
      waiting.add(check);
      check();
      completed.then(() => reject(new Error("the stream ended without that state")), reject);
    });
  return { states, completed, until };
}

export function versionsOf(reading: Reading): number[] {
  return reading.states.map((job) => job.version);
}
