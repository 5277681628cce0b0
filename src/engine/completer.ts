/**
 * Writes the outcomes of attempts, in batches.
 *
 * Successes, those with artifacts and the rest go by different statements. Of each, at most two are in flight; what ends
 * meanwhile forms the next batch: at once when idle, hundreds of rows when loaded, no timer. What is
 * waiting here is bounded by what the workers hold: a job is claimed only for a free thread.
 */
import type { Logger } from "pino";
import { attemptError } from "../domain/attempt-error.ts";
import type { JobEvent } from "../domain/event.ts";
import { type AttemptError, type Decision, decide, type Outcome } from "../domain/outcome.ts";
import type { Bus } from "../events/bus.ts";
import { type Database, DatabaseError } from "../store/database.ts";
import { type EndedRow, endAttempts } from "../store/end-attempts.ts";
import type { Finished } from "../store/finish-all.ts";
import { finishJobs } from "../store/finish-jobs.ts";
import { finishWithArtifacts } from "../store/finish-with-artifacts.ts";
import type { EndedRun } from "./attempt.ts";
import { BatchWriter } from "./batch-writer.ts";
import type { ClaimLedger } from "./claim-ledger.ts";
import { failPoint } from "./fail-points.ts";
import { FailedJobsLog } from "./failed-jobs-log.ts";
import { endedEvent, finishedEvent } from "./job-events.ts";
import type { LogWriter } from "./log-writer.ts";
import type { Service } from "./service.ts";
import type { StaleWrites } from "./stale-writes.ts";

export interface CompleterOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Logger;
  readonly ledger: ClaimLedger;
  readonly stale: StaleWrites;
  /** Writes what runs have logged, before their end is written. */
  readonly logs: Pick<LogWriter, "end" | "hurry">;
  readonly random?: () => number;
  /** A job waits for this time now (milliseconds since 1970). */
  readonly onScheduled: (dueAtMs: number) => void;
}

interface Success extends EndedRun {
  readonly result: string;
}

interface Unsuccess extends EndedRun {
  readonly next: Decision;
  readonly outcome: Exclude<Outcome, { kind: "COMPLETED" }>;
}

export class Completer implements Service {
  readonly #options: CompleterOptions;
  readonly #successes: BatchWriter<Success>;
  readonly #withArtifacts: BatchWriter<Success>;
  readonly #others: BatchWriter<Unsuccess>;
  readonly #failures: FailedJobsLog;
  /** Ends that wait for what their runs have logged. */
  readonly #held = new Set<Promise<void>>();
  /** Of those with artifacts. */
  readonly #stored = new WeakSet<Success>();

  constructor(options: CompleterOptions) {
    this.#options = options;
    const { log } = options;
    this.#failures = new FailedJobsLog(log);
    this.#successes = new BatchWriter({
      name: "finish-jobs",
      log,
      write: (batch, again) => this.#finish(batch, again),
      weigh: (run) => run.result.length,
      // The database will not have this result. The attempt fails, so that the job can end.
      onRefused: (run, error) => this.add({ ...run, outcome: refusal(error) }),
    });
    this.#withArtifacts = new BatchWriter({
      name: "finish-with-artifacts",
      log,
      write: (batch, again) => this.#finishEach(batch, again),
      weigh: ({ artifacts = [] }) => artifacts.reduce((sum, { bytes }) => sum + bytes.length, 0),
      onRefused: (run, error) => this.add({ ...run, outcome: refusal(error) }),
    });
    this.#others = new BatchWriter({
      name: "end-attempts",
      log,
      write: (batch, again) => this.#end(batch, again),
      weigh: ({ outcome }) => errorOf(outcome)?.stack?.length ?? 0,
      onRefused: (run, error) => this.#refusedTwice(run, error),
    });
  }

  async start(): Promise<void> {
    for (const writer of this.#writers()) writer.start();
  }

  /** Resolves when everything added so far is written. */
  async flush(): Promise<void> {
    while (this.#held.size > 0) await Promise.all(this.#held);
    // In this order: what the database refuses of the first two is among the others then.
    for (const writer of this.#writers()) await writer.flush();
    this.#failures.flush();
  }

  /** The same; what failed for want of a database is not kept waiting for its next try. */
  async flushNow(): Promise<void> {
    this.#options.logs.hurry();
    for (const writer of this.#writers()) writer.hurry();
    await this.flush();
  }

  async stop(): Promise<void> {
    await this.flush();
    this.abandon();
  }

  /** Gives up on what cannot be written: the database is away, and somebody else will rescue. */
  abandon(): number {
    const writers = this.#writers();
    return writers.reduce((unwritten, writer) => unwritten + writer.stop(), this.#held.size);
  }

  #writers() {
    return [this.#successes, this.#withArtifacts, this.#others];
  }

  /** Whoever sees the end of a run sees all that it logged: that is written first, if there is any. */
  add(run: EndedRun): void {
    const logged = this.#options.logs.end(run.job);
    if (logged === null) this.#add(run);
    else this.#addAfter(logged, run);
  }

  #addAfter(logged: Promise<void>, run: EndedRun): void {
    const held = logged.then(() => {
      this.#held.delete(held);
      this.#add(run);
    });
    this.#held.add(held);
  }

  #add(run: EndedRun): void {
    const { job, outcome } = run;
    if (outcome.kind === "COMPLETED") {
      const { startDelayMs, runMs, artifacts } = run;
      const success = { job, outcome, startDelayMs, runMs, result: outcome.result };
      if (artifacts === undefined) this.#successes.add(success);
      else this.#withArtifacts.add({ ...success, artifacts });
      return;
    }
    const next = decide(job, outcome, this.#options.random ?? Math.random);
    this.#others.add({ ...run, outcome, next });
  }

  async #finish(batch: readonly Success[], again: boolean): Promise<void> {
    const finished = await finishJobs(this.#options.db, batch.map(toFinished));
    this.#finished(batch, finished, again);
  }

  /** One after the other: each is megabytes. */
  async #finishEach(batch: readonly Success[], again: boolean): Promise<void> {
    const { db } = this.#options;
    // Those before one that failed are written, and come again with it.
    for (const run of batch.filter((each) => !this.#stored.has(each))) {
      const finished = await finishWithArtifacts(db, toFinished(run), run.artifacts ?? []);
      this.#stored.add(run);
      this.#finished([run], finished, again);
    }
  }

  #finished(batch: readonly Success[], { finishedAtMs, versions }: Finished, again: boolean): void {
    const { bus, ledger } = this.#options;
    failPoint("after-commit-before-publish");
    const events: JobEvent[] = [];
    const stale: string[] = [];
    batch.forEach((run, index) => {
      const version = versions[index] ?? null;
      ledger.remove(run.job);
      if (version === null) stale.push(run.job.id);
      else if (bus.isWatched(run.job.id)) events.push(finishedEvent(run, version, finishedAtMs));
    });
    if (events.length > 0) bus.publish(events);
    this.#reportStale(stale, again);
  }

  async #end(batch: readonly Unsuccess[], again: boolean): Promise<void> {
    const rows = await endAttempts(
      this.#options.db,
      batch.map(({ job, startDelayMs, outcome, next }) => ({
        id: job.id,
        attempt: job.attempt,
        token: job.token,
        startDelayMs,
        outcome: outcome.kind,
        error: errorOf(outcome),
        next,
      })),
    );
    failPoint("after-commit-before-publish");
    for (const { job } of batch) this.#options.ledger.remove(job);
    this.#publish(batch, rows, again);
    this.#wake(batch, rows);
  }

  #publish(batch: readonly Unsuccess[], rows: readonly EndedRow[], again: boolean): void {
    const { bus } = this.#options;
    const byId = new Map(batch.map((run) => [run.job.id, run]));
    const events: JobEvent[] = [];
    for (const row of rows) {
      const run = byId.get(row.id);
      byId.delete(row.id);
      if (run === undefined) continue;
      if (row.status === "FAILED") this.#tellFailed(run);
      if (bus.isWatched(row.id)) events.push(endedEvent(run.job, row, run.next.attemptsLeft));
    }
    if (events.length > 0) bus.publish(events);
    this.#reportStale([...byId.keys()], again);
  }

  #tellFailed({ job, outcome }: Unsuccess): void {
    const { id, attempt, lane } = job;
    const code = errorOf(outcome)?.code ?? null;
    this.#failures.add({ id, type: lane.type, attempt, code });
  }

  #wake(batch: readonly Unsuccess[], rows: readonly EndedRow[]): void {
    const { bus, onScheduled } = this.#options;
    const lanes = new Map(batch.map(({ job }) => [job.id, job.lane.id]));
    const woken = new Set<number>();
    for (const row of rows) {
      const lane = lanes.get(row.id);
      if (row.status === "SCHEDULED") onScheduled(row.scheduledAtMs);
      if (row.status === "PENDING" && lane !== undefined) woken.add(lane);
    }
    if (woken.size > 0) bus.wake({ lanes: [...woken] });
  }

  /** Written again after a lost answer, a missing row may well be our own first write. */
  #reportStale(jobIds: readonly string[], again: boolean): void {
    if (!again) this.#options.stale.report("outcome", jobIds);
  }

  #refusedTwice(run: Unsuccess, error: unknown): void {
    const { log } = this.#options;
    log.error({ err: error, jobId: run.job.id }, "an outcome cannot be stored, trying without it");
    const outcome: Unsuccess["outcome"] = { kind: "FAILED", error: plainError() };
    const { attemptsLeft } = run.job;
    const next: Decision = { status: "FAILED", delayMs: 0, attemptsLeft };
    if (errorOf(run.outcome)?.code !== "UNSTORABLE") this.#others.add({ ...run, outcome, next });
  }
}

function toFinished({ job, startDelayMs, result }: Success) {
  return { id: job.id, attempt: job.attempt, token: job.token, startDelayMs, result };
}

function errorOf(outcome: Outcome): AttemptError | null {
  return "error" in outcome ? outcome.error : null;
}

function refusal(error: unknown): Outcome {
  const reason = error instanceof DatabaseError ? error.message : "unknown reason";
  const message = `the result cannot be stored: ${reason}`;
  return { kind: "FAILED", error: { ...attemptError(new Error(message)), retryable: false } };
}

function plainError(): AttemptError {
  const message = "the outcome of this attempt could not be stored";
  return { message, code: "UNSTORABLE", stack: null, retryable: false };
}
