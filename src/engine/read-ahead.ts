/**
 * How many jobs a worker may claim before it has threads for them: what its threads finish in about
 * 50 ms. A count alone starves fast types (30,000 jobs/s with 100 ahead, 43,000 with 1,000) and
 * hoards slow ones, which other instances could have started. Their payloads are small: claims leave
 * large ones behind.
 */
const HORIZON_MS = 50;
const JOBS_MAX = 3_000;
/** Weight of the newest run in the moving average. */
const NEWEST = 0.05;

export class ReadAhead {
  readonly #averageMs = new Map<string, number>();

  observe(type: string, runMs: number): void {
    const average = this.#averageMs.get(type);
    this.#averageMs.set(type, average === undefined ? runMs : average + (runMs - average) * NEWEST);
  }

  /** The average of this type no longer holds: nothing is read ahead until it has been seen again. */
  distrust(type: string): void {
    this.#averageMs.delete(type);
  }

  /** Jobs of this type that `threads` threads may have waiting. None for a type not seen yet. */
  jobsAhead(type: string, threads: number): number {
    const average = this.#averageMs.get(type);
    if (average === undefined || average > HORIZON_MS) return 0;
    return Math.min(Math.floor((HORIZON_MS * threads) / Math.max(average, 0.01)), JOBS_MAX);
  }
}
