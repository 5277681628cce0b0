/** One line for each job that failed for good, and no flood of them when everything fails. */
import type { Logger } from "pino";
import type { AttemptError } from "../domain/outcome.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";

/** 10,000 jobs a second can fail together; ten lines say as much. */
const LINES_MAX = 10;
const WINDOW_MS = 1_000;

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
  add(job: ClaimedJob, error: AttemptError | null): void {
    this.#window ??= setTimeout(() => this.flush(), WINDOW_MS).unref();
    if (this.#lines === LINES_MAX) {
      this.#leftOut += 1;
      return;
    }
    this.#lines += 1;
    const { id: jobId, attempt } = job;
    this.#log.warn(
      { jobId, type: job.lane.type, attempt, code: error?.code ?? null },
      "job failed",
    );
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
