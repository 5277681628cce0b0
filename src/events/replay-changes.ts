/** Reads what clients have missed out of the event log. */
import { setImmediate } from "node:timers/promises";
import type { JobChange } from "../domain/job-change.ts";
import type { LogPage, LogPosition } from "../domain/log-position.ts";
import { BoundedWork } from "./bounded-work.ts";
import { continues, type LogSource } from "./log-source.ts";

/** Of up to 200 rows and some 5,000 changes. Who is further behind reads the list anew. */
const PAGES_MAX = 200;
/** A read that takes longer is on a connection that hangs, and must not hold up the others. */
const READ_MAX_MS = 2_000;
/** Changes: about a millisecond. */
const TOLD_AT_ONCE = 5_000;

/** One client's. */
export interface Replay {
  readonly after: LogPosition;
  /** False: nobody wants to hear the rest. */
  readonly isWanted: () => boolean;
  readonly tell: (change: JobChange) => void;
}

interface Member extends Replay {
  readonly resolve: (isComplete: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * All replays of an instance together read one page at a time, each in its turn: many who come back at
 * once are in no hurry, and requests need the event loop and the connections, too. Who has little to
 * catch up with waits for one page of each other. Those who go on from the same cursor, as all do who
 * watched the same list, share their pages.
 */
export class Replays {
  readonly #source: LogSource;
  /** By their cursor: those for whom no read has begun. A page that was begun before they came may be too old. */
  readonly #waiting = new Map<string, Set<Member>>();
  readonly #reads = new BoundedWork({ atOnce: 1, slowAfterMs: READ_MAX_MS });

  constructor(source: LogSource) {
    this.#source = source;
  }

  /**
   * Tells all changes that may have become visible after `after`, in their order.
   *
   * @returns false where changes are missing: too many, gone with retention, or of another history
   */
  run(replay: Replay): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const member = { ...replay, resolve, reject };
      const key = JSON.stringify(replay.after);
      const waiting = this.#waiting.get(key);
      if (waiting !== undefined) return void waiting.add(member);
      const members = new Set<Member>([member]);
      this.#waiting.set(key, members);
      void this.#settle(members, replay.after, () => this.#waiting.delete(key));
    });
  }

  async #settle(members: Set<Member>, after: LogPosition, begin: () => void): Promise<void> {
    try {
      const isComplete = await this.#tellPages(members, after, begin);
      for (const { resolve } of members) resolve(isComplete);
    } catch (error) {
      for (const { reject } of members) reject(error);
    }
  }

  async #tellPages(members: Set<Member>, after: LogPosition, begin: () => void): Promise<boolean> {
    let page = await this.#reads.run(async () => {
      begin();
      return isWanted(members) ? this.#firstPage(after) : null;
    });
    for (let pages = 1; page !== null; pages += 1) {
      await tellPage(members, page);
      const { next }: LogPage = page;
      if (next === null) return true;
      if (pages === PAGES_MAX) return false;
      page = await this.#reads.run(async () => {
        return isWanted(members) ? this.#source.from(after, next) : null;
      });
    }
    return false;
  }

  /** Null where it does not follow. */
  async #firstPage(after: LogPosition): Promise<LogPage | null> {
    if (!(await this.#source.keeps(after))) return null;
    const page = await this.#source.from(after, null);
    return continues(after, page.mark.position) ? page : null;
  }
}

function isWanted(members: ReadonlySet<Member>): boolean {
  return [...members].some((member) => member.isWanted());
}

/** Who wants no more need not wait for the others. */
async function tellPage(members: Set<Member>, { changes }: LogPage): Promise<void> {
  let told = 0;
  for (const member of members) {
    for (const change of changes) {
      if (!member.isWanted()) break;
      member.tell(change);
      told += 1;
    }
    if (!member.isWanted()) {
      members.delete(member);
      member.resolve(true);
    }
    if (told < TOLD_AT_ONCE) continue;
    told = 0;
    // Other work gets its turn: thousands may share a page.
    await setImmediate();
  }
}
