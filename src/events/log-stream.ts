/** One subscriber's view of what a job logs: an iterator that reads on from its own place. */
import type { LinePlace, LogLine } from "../domain/log-line.ts";
import { LiveStream } from "./live-stream.ts";
import type { QuietSource } from "./quiet-source.ts";

/** Lines that are read at once. A page may be half a megabyte of text, and each reader holds one. */
export const LINES_PAGE = 50;

/** From one moment: of a job that is over, no line comes after the last one here. */
export interface LinesRead {
  /** At most `LINES_PAGE`. */
  readonly lines: readonly LogLine[];
  readonly isOver: boolean;
}

export interface LogStreamOptions {
  readonly after: LinePlace;
  /** Undefined: there is no such job. */
  readonly read: (after: LinePlace) => Promise<LinesRead | undefined>;
  /** Why a stream of such a job cannot be opened. */
  readonly unknown: () => Error;
  /** To be answered with `begin`. */
  readonly onOpen: (stream: LogStream) => void;
  /** Called once, and only after `onOpen`. */
  readonly onClose: (stream: LogStream) => void;
}

/**
 * Yields each line once and in order, and ends after the last one of a job that has ended. Lines are read
 * only when those before are taken: a slow reader holds one page, and goes on from there.
 */
export class LogStream extends LiveStream<LogLine> implements QuietSource {
  readonly #options: LogStreamOptions;
  /** Of the last line that was read. */
  #place: LinePlace;
  #page: LogLine[] = [];
  #hasBegun = false;
  #isFirst = true;
  #isReading = false;
  /** Where the last reading ended, there may be more by now. */
  #mayBeMore = true;
  #opening: Promise<void> | null = null;
  #answer: ((error: unknown) => void) | null = null;

  constructor(options: LogStreamOptions) {
    super();
    this.#options = options;
    this.#place = options.after;
  }

  /** Of the last line that was read. */
  get place(): LinePlace {
    return this.#place;
  }

  /** It has told all that it knows, and waits for more. */
  get isWaiting(): boolean {
    return this.isOpen && this.#hasBegun && !this.#isReading && this.#page.length === 0;
  }

  whenOpen(): Promise<void> {
    this.#opening ??= new Promise((resolve, reject) => {
      this.#answer = (error) => (error === null ? resolve() : reject(error));
      // There is nothing to take yet: this opens it.
      this.poll(() => {});
    });
    return this.#opening;
  }

  /** Reads from now on. */
  begin(): void {
    this.#hasBegun = true;
    this.#readMore();
  }

  /** The job has logged, or has ended, or may have. */
  nudge(): void {
    this.#mayBeMore = true;
    if (this.#page.length === 0) this.#readMore();
  }

  /** A failure that nobody has asked for yet is the answer to `whenOpen`. */
  override fail(error: unknown): void {
    const answer = this.#answer;
    this.#answer = null;
    if (answer === null) super.fail(error);
    else this.end();
    answer?.(error);
  }

  protected override opened(): void {
    this.#options.onOpen(this);
  }

  protected override closed(): void {
    this.#settle();
    this.#options.onClose(this);
  }

  protected override take(): LogLine | null {
    const line = this.#page.shift() ?? null;
    if (this.#page.length === 0) this.#readMore();
    return line;
  }

  protected override drop(): void {
    this.#page = [];
  }

  #readMore(): void {
    if (!this.isOpen || !this.#hasBegun || this.#isReading || !this.#mayBeMore) return;
    this.#isReading = true;
    this.#mayBeMore = false;
    void this.#options.read(this.#place).then((read) => {
      this.#isReading = false;
      if (this.isOpen) this.#receive(read);
    });
  }

  #receive(read: LinesRead | undefined): void {
    if (read === undefined) {
      // Deleted later on, the job has nothing more to tell.
      if (this.#isFirst) this.fail(this.#options.unknown());
      else this.end();
      return;
    }
    this.#isFirst = false;
    const { lines, isOver } = read;
    const last = lines.at(-1);
    if (last !== undefined) this.#place = last;
    this.#page.push(...lines);
    const isFull = lines.length >= LINES_PAGE;
    if (isFull) this.#mayBeMore = true;
    this.#settle();
    if (isOver && !isFull) this.end();
    else this.tell();
    if (this.#page.length === 0) this.#readMore();
  }

  #settle(): void {
    const answer = this.#answer;
    this.#answer = null;
    answer?.(null);
  }
}
