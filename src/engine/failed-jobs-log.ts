/** One line for each job that failed for good, and no flood of them when everything fails. */
import type { Logger } from "pino";

/** 10,000 jobs a second can fail together; ten lines say as much. */
const LINES_MAX = 10;
const WINDOW_MS = 1_000;

export interface FailedJob {
  readonly id: string;
  /** Null where its lane is not known here. */
  readonly type: string | null;
  readonly attempt: number;
  /** Of the error: "LOST", "TIMED_OUT", or the executor's own. */
  readonly code: string | null;
}

/** At most ten lines a second; after it, one with the number of jobs that got none. */
export class FailedJobsLog {
  readonly #log: Logger;
  #lines = 0;
  #leftOut = 0;
  #window: NodeJS.Timeout | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Without the error's message: it is the executor's, may hold anything, and is kept with the job. */
  add({ id: jobId, type, attempt, code }: FailedJob): void {
    this.#window ??= setTimeout(() => this.flush(), WINDOW_MS).unref();
    if (this.#lines === LINES_MAX) {
      this.#leftOut += 1;
      return;
    }
    this.#lines += 1;
    this.#log.warn({ jobId, type, attempt, code }, "job failed");
  }

  /** Ends the second early: what got no line is counted in one. */
  flush(): void {
    if (this.#window !== null) clearTimeout(this.#window);
    this.#window = null;
    if (this.#leftOut > 0) this.#log.warn({ leftOut: this.#leftOut }, "more jobs failed");
    this.#lines = 0;
    this.#leftOut = 0;
  }
}
