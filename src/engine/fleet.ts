/** What the live instances can give: the most threads that a job of a lane could get anywhere. */
import type { Database } from "../store/database.ts";
import type { Lane } from "../store/lane-catalog.ts";
import { readFleet, type WorkerSpec } from "../store/read-fleet.ts";

interface KnownWorker {
  readonly threads: number;
  /** Null: all. */
  readonly queues: ReadonlySet<string> | null;
  readonly types: ReadonlySet<string> | null;
}

export class Fleet {
  readonly #leaseMs: number;
  /** By instance, live ones only. Null before the first read: then nothing is known of the others. */
  #members: ReadonlyMap<number, readonly KnownWorker[]> | null = null;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** Reads who is there now; true if that changed. */
  async refresh(db: Database): Promise<boolean> {
    const before = this.#members ?? new Map<number, readonly KnownWorker[]>();
    const rows = await readFleet(db, this.#leaseMs, [...before.keys()]);
    const isSame = rows.length === before.size && rows.every(({ id }) => before.has(id));
    if (isSame && this.#members !== null) return false;
    this.#members = new Map(
      rows.map(({ id, workers }) => [id, before.get(id) ?? (workers ?? []).map(knownWorker)]),
    );
    return true;
  }

  /** Threads of the largest live worker that serves this lane; 0 without one, null if not known yet. */
  threadsMax(lane: Lane): number | null {
    if (this.#members === null) return null;
    let most = 0;
    for (const workers of this.#members.values()) {
      for (const worker of workers) {
        if (worker.threads > most && serves(worker, lane)) most = worker.threads;
      }
    }
    return most;
  }

  /** Live instances with a lower number that have a worker for jobs of this lane and so many threads. */
  countBefore(instance: number, lane: Lane, threads: number): number {
    let count = 0;
    for (const [id, workers] of this.#members ?? []) {
      const fits = (worker: KnownWorker) => worker.threads >= threads && serves(worker, lane);
      if (id < instance && workers.some(fits)) count += 1;
    }
    return count;
  }
}

function knownWorker({ threads, queues, types }: WorkerSpec): KnownWorker {
  return {
    threads,
    queues: queues.length === 0 ? null : new Set(queues),
    types: types === undefined ? null : new Set(types),
  };
}

function serves({ queues, types }: KnownWorker, { queue, type }: Lane): boolean {
  return (queues === null || queues.has(queue)) && (types === null || types.has(type));
}
