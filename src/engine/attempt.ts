/** One run of one job inside this process, from its start until it is let go. */
import type { Logger } from "pino";
import type { Artifact } from "../domain/artifact.ts";
import type { LogEntry, LogLevel } from "../domain/log-line.ts";
import { logFields, logMessage } from "../domain/log-text.ts";
import type { Outcome } from "../domain/outcome.ts";
import {
  type ArtifactOptions,
  AttemptArtifacts,
  type StoredArtifact,
} from "../executors/attempt-artifacts.ts";
import type { Executor, ExecutorContext, JobLog } from "../executors/define-executor.ts";
import { createJobLog } from "../executors/job-log.ts";
import { progressFraction } from "../executors/progress-fraction.ts";
import { outcomeOf } from "../executors/run-executor.ts";
import { Sleeps } from "../executors/sleeps.ts";
import type {
  AttemptHost,
  JobAnswer,
  ThreadLogLine,
  ThreadPayload,
} from "../executors/threads/messages.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";

/** Longer timeouts would fire at once: setTimeout holds 31 bits of milliseconds. */
const TIMEOUT_MAX_MS = 2_147_483_647;

export interface EndedRun {
  readonly job: ClaimedJob;
  readonly outcome: Outcome;
  /** Whole milliseconds from the claim's arrival to the start; milliseconds from there to the end. */
  readonly startDelayMs: number;
  readonly runMs: number;
  /** To be stored with the result; not there if there are none. */
  readonly artifacts?: readonly Artifact[];
}

export interface AttemptHooks {
  /** The payload of a job whose claim did not bring it. */
  readonly readPayload: (jobId: string) => Promise<unknown>;
  /** The same as bytes of JSON, in pieces. */
  readonly readPayloadPieces: (jobId: string) => Promise<ThreadPayload>;
  /** Runs an executor with a module. Never rejects. */
  readonly runInThread: (
    executor: Executor,
    payload: ThreadPayload,
    context: ExecutorContext,
  ) => Promise<JobAnswer>;
  readonly log: Logger;
  /** Called once, unless the attempt is abandoned. */
  readonly onEnd: (run: EndedRun) => void;
  /** From 0 to 1; never after the end. */
  readonly onProgress: (job: ClaimedJob, fraction: number) => void;
  /** Never after the end. */
  readonly onLog: (job: ClaimedJob, entry: LogEntry) => void;
}

/**
 * Runs the executor against its deadline. Whichever comes first ends the attempt, once: the
 * executor, the timeout, or `letGo`. What the executor does afterwards is ignored; its AbortSignal
 * has told it to stop.
 */
export class Attempt {
  readonly job: ClaimedJob;
  readonly #startedAt = performance.now();
  readonly #startDelayMs: number;
  readonly #hooks: AttemptHooks;
  #timer: NodeJS.Timeout | undefined;
  #abort: AbortController | null = null;
  #abortReason: Error | null = null;
  #sleeps: Sleeps | null = null;
  /** Null without any, as of most. */
  #artifacts: readonly Artifact[] | null = null;
  #kept: AttemptArtifacts | null = null;
  #ended = false;

  constructor(executor: Executor, job: ClaimedJob, claimedAt: number, hooks: AttemptHooks) {
    this.job = job;
    this.#hooks = hooks;
    this.#startDelayMs = Math.max(0, Math.floor(this.#startedAt - claimedAt));
    void this.#run(executor).then(
      (outcome) => this.#settle(outcome),
      // outcomeOf promises not to reject: if it does, that is a bug here, and the job must not hang.
      (error: unknown) => {
        hooks.log.error({ err: error, jobId: job.id }, "running an executor broke");
        this.#end({ kind: "FAILED", error: internalError() });
      },
    );
  }

  #run(executor: Executor): Promise<Outcome> {
    const { payload } = this.job;
    if (executor.module !== null) return this.#runInThread(executor);
    return payload === null
      ? this.#afterReading(this.#hooks.readPayload, (read) => this.#runHere(executor, read))
      : this.#runHere(executor, JSON.parse(payload));
  }

  #runHere(executor: Executor, payload: unknown): Promise<Outcome> {
    return outcomeOf(executor, payload, new AttemptContext(this));
  }

  async #runInThread(executor: Executor): Promise<Outcome> {
    const { readPayloadPieces, runInThread } = this.#hooks;
    const run = async (payload: ThreadPayload) => {
      const answer = await runInThread(executor, payload, new AttemptContext(this));
      this.#artifacts = answer.artifacts;
      return answer.outcome;
    };
    const { payload } = this.job;
    return payload === null ? this.#afterReading(readPayloadPieces, run) : run(payload);
  }

  /** Nothing was run where the payload cannot be read: the job goes back unharmed. */
  async #afterReading<Payload>(
    read: (jobId: string) => Promise<Payload>,
    run: (payload: Payload) => Promise<Outcome>,
  ): Promise<Outcome> {
    const { id } = this.job;
    try {
      const payload = await read(id);
      if (this.#ended) return { kind: "RELEASED" };
      return await run(payload);
    } catch (error) {
      this.#hooks.log.error({ err: error, jobId: id }, "a payload could not be read");
      return { kind: "RELEASED" };
    }
  }

  /**
   * Begins to count its time, once what could end in the turn of its start has ended: most jobs that
   * do nothing then need no timer.
   */
  arm(): void {
    if (this.#ended) return;
    const left = this.job.timeoutMs - (performance.now() - this.#startedAt);
    this.#timer = setTimeout(() => this.#timeOut(), Math.min(Math.max(left, 0), TIMEOUT_MAX_MS));
  }

  /** Ends the attempt now with `outcome`, and tells the executor to stop. */
  letGo(outcome: Outcome, why: string): void {
    this.#abortWith(new Error(why));
    this.#end(outcome);
  }

  /** Tells the executor to stop; nothing is recorded, the attempt belongs to somebody else. */
  abandon(why: string): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#abortWith(new Error(why));
  }

  note(level: LogLevel, message: unknown, fields: unknown): void {
    if (this.#ended) return;
    const atMs = this.#timeOf(0);
    const entry = { level, atMs, message: logMessage(message), fields: logFields(fields) };
    // What was logged may have run code that ended the attempt.
    if (!this.#ended) this.#hooks.onLog(this.job, entry);
  }

  noteFromThread({ agoMs, ...line }: ThreadLogLine): void {
    if (!this.#ended) this.#hooks.onLog(this.job, { ...line, atMs: this.#timeOf(agoMs) });
  }

  /** The claim's time is the database's; what has passed since is the same by any clock. */
  #timeOf(agoMs: number): number {
    const sinceClaimMs = this.#startDelayMs + performance.now() - this.#startedAt - agoMs;
    return Math.floor(this.job.claimedAtMs + sinceClaimMs);
  }

  async sleep(ms: number): Promise<void> {
    if (this.#ended) throw this.#abortReason ?? endedError();
    this.#sleeps ??= new Sleeps();
    await this.#sleeps.start(ms);
  }

  /** @throws TypeError for what is no number */
  report(value: number): void {
    const fraction = progressFraction(value);
    if (!this.#ended) this.#hooks.onProgress(this.job, fraction);
  }

  /** @throws what `AttemptArtifacts.add` throws */
  keepArtifact(bytes: Uint8Array, options: ArtifactOptions): StoredArtifact {
    this.#kept ??= new AttemptArtifacts(this.job.id);
    const stored = this.#kept.add(bytes, options);
    this.#artifacts = this.#kept.kept;
    return stored;
  }

  /** Made when an executor asks for it: most no-ops never do. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#abortReason !== null && !this.#abort.signal.aborted) {
      this.#abort.abort(this.#abortReason);
    }
    return this.#abort.signal;
  }

  #abortWith(reason: Error): void {
    this.#abortReason ??= reason;
    this.#abort?.abort(this.#abortReason);
    this.#sleeps?.endAll(this.#abortReason);
  }

  #timeOut(): void {
    const message = `timed out after ${this.job.timeoutMs} ms`;
    const error = { message, code: "TIMED_OUT", stack: null, retryable: true };
    this.letGo({ kind: "TIMED_OUT", error }, message);
  }

  /** An executor that blocked the event loop past its deadline comes back before the timer fires. */
  #settle(outcome: Outcome): void {
    const isLate = performance.now() - this.#startedAt > this.job.timeoutMs;
    if (isLate && !this.#ended) this.#timeOut();
    else this.#end(outcome);
  }

  #end(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#sleeps?.endAll(endedError());
    const runMs = performance.now() - this.#startedAt;
    const run = { job: this.job, outcome, startDelayMs: this.#startDelayMs, runMs };
    const artifacts = outcome.kind === "COMPLETED" ? this.#artifacts : null;
    this.#hooks.onEnd(artifacts === null || artifacts.length === 0 ? run : { ...run, artifacts });
  }
}

/** What the executor sees of its attempt. */
class AttemptContext implements AttemptHost {
  readonly #attempt: Attempt;
  readonly jobId: string;
  readonly attempt: number;
  readonly threads: number;
  #log: JobLog | null = null;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    const { id, attempt: number, threads } = attempt.job;
    this.jobId = id;
    this.attempt = number;
    this.threads = threads;
  }

  get signal(): AbortSignal {
    return this.#attempt.signal;
  }

  /** May be taken out of the context, and is made then. */
  get progress(): (fraction: number) => void {
    return (fraction) => this.#attempt.report(fraction);
  }

  /** As `progress`; its parts may be taken out of it, too. */
  get log(): JobLog {
    this.#log ??= createJobLog((level, message, fields) =>
      this.#attempt.note(level, message, fields),
    );
    return this.#log;
  }

  takeLine(line: ThreadLogLine): void {
    this.#attempt.noteFromThread(line);
  }

  get sleep(): (ms: number) => Promise<void> {
    return (ms) => this.#attempt.sleep(ms);
  }

  get artifact(): ExecutorContext["artifact"] {
    return (bytes, options) => this.#attempt.keepArtifact(bytes, options);
  }

  parallel(): Promise<never> {
    const message = "parallel() is for job types that have cpuBound: true and a module";
    return Promise.reject(new TypeError(message));
  }
}

function endedError(): Error {
  return new Error("the run has ended");
}

function internalError() {
  return { message: "internal error", code: "INTERNAL", stack: null, retryable: true };
}
