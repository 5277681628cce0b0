/**
 * Lines on their way out of a thread. Those that the log of a run has room for go at once; of a loop that
 * logs on, the last ones go a few times a second, or what nobody keeps would fill the event loop's memory.
 */
import type { LogLevel } from "../../domain/log-line.ts";
import { logFields, logMessage } from "../../domain/log-text.ts";
import type { ThreadLogLine } from "./messages.ts";

/** More than the log of an attempt takes as they come. */
const AT_ONCE_MAX = 1_000;
/** As many as it keeps of the rest. */
const LAST_MAX = 100;
const INTERVAL_MS = 100;

interface Waiting extends Omit<ThreadLogLine, "agoMs"> {
  readonly at: number;
}

export class SparseLog {
  readonly #send: (lines: readonly ThreadLogLine[]) => void;
  #sent = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(send: (lines: readonly ThreadLogLine[]) => void) {
    this.#send = send;
  }

  note(level: LogLevel, message: unknown, fields: unknown): void {
    // As text, since what is logged may be nothing that can be sent to another thread.
    const line = { level, message: logMessage(message), fields: logFields(fields) };
    if (this.#waiting.length === LAST_MAX) this.#dropOldest();
    this.#waiting.push({ ...line, leftOut: 0, at: performance.now() });
    const waitMs = this.#sentAt + INTERVAL_MS - performance.now();
    if (this.#sent < AT_ONCE_MAX || waitMs <= 0) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), waitMs).unref();
  }

  /** What is left, at the end of the run. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const lines = this.#waiting;
    if (lines.length === 0) return;
    const now = performance.now();
    this.#waiting = [];
    this.#sent += lines.length;
    this.#sentAt = now;
    this.#send(lines.map(({ at, ...line }) => ({ ...line, agoMs: now - at })));
  }

  /** It is counted with the next one. */
  #dropOldest(): void {
    const oldest = this.#waiting.shift();
    const next = this.#waiting[0];
    if (oldest === undefined || next === undefined) return;
    this.#waiting[0] = { ...next, leftOut: next.leftOut + oldest.leftOut + 1 };
  }
}
