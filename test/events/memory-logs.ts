/** Logs of jobs in memory that stand for the database: what is here is committed. */
import { randomUUID } from "node:crypto";
import type { JobEvent } from "../../src/domain/event.ts";
import type { LogLine } from "../../src/domain/log-line.ts";
import type { WatchedPlace } from "../../src/events/job-logs.ts";
import { LINES_PAGE, type LinesRead } from "../../src/events/log-stream.ts";
import { eventOf, sampleJob } from "./sample-job.ts";

interface Log {
  readonly lines: LogLine[];
  isOver: boolean;
}

export class MemoryLogs {
  readonly #logs = new Map<string, Log>();
  /** Places of each reading of lines. */
  readonly reads: (readonly WatchedPlace[])[] = [];
  /** Places of each look for news. */
  readonly looks: (readonly WatchedPlace[])[] = [];
  /** Awaited inside of each reading, before it looks. */
  beforeRead: () => Promise<void> = async () => {};

  /** A job that runs, and its id. */
  add(): string {
    const id = randomUUID();
    this.#logs.set(id, { lines: [], isOver: false });
    return id;
  }

  append(id: string, ...messages: string[]): void {
    const { lines } = this.#log(id);
    for (const message of messages) {
      const place = { attempt: 1, seq: lines.length + 1 };
      lines.push({ ...place, level: "info", atMs: 0, message, fields: null });
    }
  }

  /** The job ends, and this is the event that tells of it. */
  finish(id: string): JobEvent {
    this.#log(id).isOver = true;
    return eventOf(sampleJob({ id, status: "COMPLETED", version: 3 }), "RUNNING");
  }

  delete(id: string): void {
    this.#logs.delete(id);
  }

  readonly readLines = async (
    places: readonly WatchedPlace[],
  ): Promise<readonly (LinesRead | null)[]> => {
    this.reads.push(places);
    await this.beforeRead();
    return places.map(({ id, attempt, seq }) => {
      const log = this.#logs.get(id);
      if (log === undefined) return null;
      const { isOver } = log;
      const lines = log.lines.filter((line) => line.attempt > attempt || line.seq > seq);
      return { isOver, lines: lines.slice(0, LINES_PAGE) };
    });
  };

  readonly findNews = async (places: readonly WatchedPlace[]): Promise<boolean[]> => {
    this.looks.push(places);
    return places.map(({ id, seq }) => {
      const log = this.#logs.get(id);
      return log === undefined || log.isOver || log.lines.length > seq;
    });
  };

  #log(id: string): Log {
    const log = this.#logs.get(id);
    if (log === undefined) throw new Error(`no job ${id}`);
    return log;
  }
}
