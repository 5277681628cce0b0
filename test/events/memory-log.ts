/** An event log whose transactions commit one by one, in the order of their ids. */
import type { JobChange } from "../../src/domain/job-change.ts";
import type { LogMark, LogPage, LogPlace } from "../../src/domain/log-position.ts";
import type { LogSource } from "../../src/events/log-source.ts";

export class MemoryLog implements LogSource {
  readonly changes: JobChange[] = [];
  history = "1/1";
  failures = 0;
  /** The database's. */
  clock: () => number = () => 0;
  /** Awaited inside of each read of what came after a position, before it looks. */
  beforeReplay: () => Promise<void> = async () => {};

  async now(): Promise<LogMark> {
    const xmin = String(this.changes.length);
    return {
      position: { epoch: 1, history: this.history, xmin, atMs: this.clock() },
      snapshot: xmin,
    };
  }

  async since(mark: LogMark, after: LogPlace | null): Promise<LogPage> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error("the database is away");
    }
    return this.#page(mark.position, after);
  }

  async from(position: { xmin: string }, after: LogPlace | null): Promise<LogPage> {
    await this.beforeReplay();
    return this.#page(position, after);
  }

  async keeps(): Promise<boolean> {
    return true;
  }

  /** Two changes a page. */
  async #page({ xmin }: { xmin: string }, after: LogPlace | null): Promise<LogPage> {
    const from = Number(after?.xid ?? xmin);
    const page = this.changes.slice(from, from + 2);
    const next = page.length === 2 ? { xid: String(from + 2), seq: "0" } : null;
    return { mark: await this.now(), changes: page, next };
  }
}
