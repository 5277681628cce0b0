/** What an executor is given in a thread. */
import type { Artifact } from "../../domain/artifact.ts";
import {
  type ArtifactOptions,
  AttemptArtifacts,
  type StoredArtifact,
} from "../attempt-artifacts.ts";
import type { ExecutorContext, JobLog, ParallelOptions, PartFunction } from "../define-executor.ts";
import { createJobLog } from "../job-log.ts";
import { Sleeps } from "../sleeps.ts";
import { urlOf } from "./load-executor.ts";
import type { JobTask } from "./messages.ts";
import { NativeTurns } from "./native-turns.ts";
import { ParallelCalls } from "./parallel-calls.ts";
import { SparseLog } from "./sparse-log.ts";
import { SparseProgress } from "./sparse-progress.ts";
import type { ThreadLink } from "./thread-link.ts";

export class ThreadContext implements ExecutorContext {
  readonly jobId: string;
  readonly attempt: number;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** For executors of ours that keep libuv's threads busy. */
  readonly nativeTurns: NativeTurns;
  readonly #artifacts: AttemptArtifacts;
  readonly #progress: SparseProgress;
  readonly #calls: ParallelCalls;
  readonly #lines: SparseLog;
  readonly #sleeps = new Sleeps();
  /** These may be taken out of the context. */
  readonly log: JobLog;

  constructor({ jobId, attempt, threads, module }: JobTask, link: ThreadLink) {
    this.jobId = jobId;
    this.attempt = attempt;
    this.threads = threads;
    this.signal = link.signal;
    this.nativeTurns = new NativeTurns(link);
    this.#artifacts = new AttemptArtifacts(jobId);
    this.#progress = new SparseProgress((fraction) => link.send({ kind: "progress", fraction }));
    this.#calls = new ParallelCalls({ link, threads, url: urlOf(module) });
    this.#lines = new SparseLog((lines) => link.send({ kind: "log", lines }));
    this.log = createJobLog((level, message, fields) => this.#lines.note(level, message, fields));
    this.signal.addEventListener("abort", () => this.#sleeps.endAll(this.signal.reason), {
      once: true,
    });
  }

  get artifacts(): readonly Artifact[] {
    return this.#artifacts.kept;
  }

  readonly progress = (fraction: number): void => this.#progress.report(fraction);

  readonly sleep = async (ms: number): Promise<void> => {
    this.signal.throwIfAborted();
    await this.#sleeps.start(ms);
  };

  readonly artifact = (bytes: Uint8Array, options: ArtifactOptions): StoredArtifact =>
    this.#artifacts.add(bytes, options);

  readonly parallel = <Chunk, Part>(
    part: PartFunction<Chunk, Part>,
    chunks: readonly Chunk[],
    options?: ParallelOptions<Chunk, Part>,
  ): Promise<Part[]> => this.#calls.run(part, chunks, options);

  /** Before the answer, which the last lines must not come after. */
  end(): void {
    this.#lines.flush();
    this.#sleeps.end(new Error("the run has ended"));
  }
}
