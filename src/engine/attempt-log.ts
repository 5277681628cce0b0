/**
 * The log of one attempt on its way to the database, and its bounds. The first lines are written as they
 * come. Of a run that goes on to log, the last ones are held here and written when it ends: what came
 * right before the end is what its reader looks for, and the middle is what it can do without.
 */
import type { LogEntry } from "../domain/log-line.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import type { NumberedEntry } from "../store/write-log-lines.ts";
import type { LogRoom } from "./log-room.ts";

/** Of one attempt: so many lines, or characters, go out as they come. */
export const HEAD_LINES_MAX = 900;
const HEAD_CHARS_MAX = 512 * 1024;
/** And so many more at its end. */
export const TAIL_LINES_MAX = 100;
const TAIL_CHARS_MAX = 128 * 1024;

/** What a line takes besides its texts. */
const LINE_CHARS = 64;

export class AttemptLog {
  readonly job: ClaimedJob;
  readonly #room: LogRoom;
  /** In the order of their numbers. What is in flight is among them. */
  #unwritten: NumberedEntry[] = [];
  #seq = 0;
  #headChars = 0;
  /** Null: nothing had to be held back yet. */
  #tail: LogEntry[] | null = null;
  #tailChars = 0;
  #leftOut = 0;

  constructor(job: ClaimedJob, room: LogRoom) {
    this.job = job;
    this.#room = room;
  }

  get hasUnwritten(): boolean {
    return this.#unwritten.length > 0;
  }

  get unwritten(): number {
    return this.#unwritten.length;
  }

  add(entry: LogEntry): void {
    const chars = charsOf(entry);
    if (this.#tail === null && !this.#fitsHead(chars)) this.#holdBack(entry.atMs);
    if (this.#tail !== null) this.#makeRoomInTail(this.#tail, chars);
    this.#leftOut += entry.leftOut ?? 0;
    if (!this.#room.take(chars)) {
      this.#leftOut += 1;
      return;
    }
    if (this.#tail === null) {
      this.#tellLeftOut(entry.atMs);
      this.#headChars += chars;
      this.#push(entry);
    } else {
      this.#tail.push(entry);
      this.#tailChars += chars;
    }
  }

  /** What comes next. It stays here until it is `written`. */
  next(linesMax: number, charsMax: number): NumberedEntry[] {
    const lines: NumberedEntry[] = [];
    let chars = 0;
    for (const line of this.#unwritten) {
      chars += charsOf(line);
      if (lines.length >= linesMax || (lines.length > 0 && chars > charsMax)) break;
      lines.push(line);
    }
    return lines;
  }

  /** The first `count` of what was next are stored, or will never be. */
  written(count: number): void {
    for (const line of this.#unwritten.splice(0, count)) this.#room.give(charsOf(line));
  }

  /** The attempt has ended: what was held back is next. */
  end(): void {
    const tail = this.#tail ?? [];
    if (this.#leftOut > 0) this.#tellLeftOut(tail[0]?.atMs ?? this.job.claimedAtMs);
    for (const entry of tail) this.#push(entry);
    this.#tail = null;
  }

  /** Nothing of it will be written. */
  discard(): void {
    this.written(this.#unwritten.length);
    for (const entry of this.#tail ?? []) this.#room.give(charsOf(entry));
    this.#tail = null;
  }

  #fitsHead(chars: number): boolean {
    return this.#seq < HEAD_LINES_MAX && this.#headChars + chars <= HEAD_CHARS_MAX;
  }

  #push(entry: LogEntry): void {
    this.#seq += 1;
    this.#unwritten.push({ ...entry, seq: this.#seq });
  }

  #holdBack(atMs: number): void {
    this.#tail = [];
    const lines = `This run has logged ${this.#seq} lines. What it logs from here on is held back`;
    this.#note(atMs, `${lines}: the last ${TAIL_LINES_MAX} lines of it come when it ends.`);
  }

  #makeRoomInTail(tail: LogEntry[], chars: number): void {
    while (tail.length >= TAIL_LINES_MAX || this.#tailChars + chars > TAIL_CHARS_MAX) {
      const oldest = tail.shift();
      if (oldest === undefined) return;
      this.#tailChars -= charsOf(oldest);
      this.#room.give(charsOf(oldest));
      this.#leftOut += 1;
    }
  }

  #tellLeftOut(atMs: number): void {
    if (this.#leftOut === 0) return;
    const lines = this.#leftOut === 1 ? "1 line was" : `${this.#leftOut} lines were`;
    this.#leftOut = 0;
    this.#note(atMs, `${lines} left out here: the run logged more than is kept.`);
  }

  /** A line of our own, for which there is always room. */
  #note(atMs: number, message: string): void {
    const entry = { level: "warn", atMs, message, fields: null } as const;
    this.#room.force(charsOf(entry));
    this.#push(entry);
  }
}

function charsOf({ message, fields }: LogEntry): number {
  return message.length + (fields?.length ?? 0) + LINE_CHARS;
}
