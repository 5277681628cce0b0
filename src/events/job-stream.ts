/** One subscriber's view of one job: an iterator with a bounded, conflating mailbox. */
import { isFinal } from "../domain/job.ts";
import type { JobRecord } from "../domain/job-record.ts";
import { LiveStream } from "./live-stream.ts";

/** States that wait for a slow reader in order. One more, and only the latest stays. */
export const MAILBOX_MAX = 16;

export interface JobStreamHooks {
  readonly onOpen: (stream: JobStream) => void;
  /** Called once, and only after `onOpen`. */
  readonly onClose: (stream: JobStream) => void;
}

/** Yields states with strictly rising versions and ends after a final one, which is never dropped. */
export class JobStream extends LiveStream<JobRecord> {
  readonly #hooks: JobStreamHooks;
  #mailbox: JobRecord[] = [];
  #lastVersion = Number.NEGATIVE_INFINITY;

  constructor(hooks: JobStreamHooks) {
    super();
    this.#hooks = hooks;
  }

  /** Hands `job` to the reader, unless it is not newer than what the reader got before. */
  offer(job: JobRecord): void {
    if (!this.isOpen || job.version <= this.#lastVersion) return;
    this.#lastVersion = job.version;
    if (this.#mailbox.length >= MAILBOX_MAX) this.#mailbox = [];
    this.#mailbox.push(job);
    this.tell();
    if (isFinal(job.status)) this.end();
  }

  protected override opened(): void {
    this.#hooks.onOpen(this);
  }

  protected override closed(): void {
    this.#hooks.onClose(this);
  }

  protected override take(): JobRecord | null {
    return this.#mailbox.shift() ?? null;
  }

  protected override drop(): void {
    this.#mailbox = [];
  }
}
