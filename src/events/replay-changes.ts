/** Reads what clients have missed out of the event log. */
import type { JobChange } from "../domain/job-change.ts";
import type { LogPage, LogPlace, LogPosition } from "../domain/log-position.ts";
import { continues, type LogSource } from "./log-source.ts";

/** Of up to 200 rows and some 5,000 changes. Who is further behind reads the list anew. */
const PAGES_MAX = 200;
/** A read that takes longer is on a connection that hangs, and must not hold up the others. */
const TURN_MAX_MS = 2_000;

/** One client's. */
export interface Replay {
  readonly after: LogPosition;
  /** False: nobody wants to hear the rest. */
  readonly isWanted: () => boolean;
  readonly tell: (change: JobChange) => void;
}

/** A page that several replays wait for. No read of it has begun. */
interface Turn {
  readonly replays: Set<Replay>;
  readonly page: Promise<LogPage | null>;
}

/**
 * All replays of an instance together read one page at a time, each in its turn: many who come back at
 * once are in no hurry, and requests need the event loop and the connections, too. Who has little to
 * catch up with waits for one page of each other. Those who go on from the same cursor, as all do who
 * watched the same list, share their pages.
 */
export class Replays {
  readonly #source: LogSource;
  readonly #turns = new Map<string, Turn>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(source: LogSource) {
    this.#source = source;
  }

  /**
   * Tells all changes that may have become visible after `after`, in their order.
   *
   * @returns false where changes are missing: too many, gone with retention, or of another history
   */
  async run(replay: Replay): Promise<boolean> {
    const { isWanted, tell } = replay;
    let page = await this.#page(replay, null);
    if (page === null) return false;
    for (let pages = 1; ; pages += 1) {
      for (const change of page.changes) {
        if (!isWanted()) return true;
        tell(change);
      }
      const { next }: LogPage = page;
      if (next === null) return true;
      if (pages === PAGES_MAX) return false;
      page = await this.#page(replay, next);
      if (page === null) return true;
    }
  }

  /** Null for a first one that does not follow, and where nobody wants it any more. */
  #page(replay: Replay, place: LogPlace | null): Promise<LogPage | null> {
    const key = JSON.stringify([replay.after, place]);
    const known = this.#turns.get(key);
    if (known !== undefined) {
      known.replays.add(replay);
      return known.page;
    }
    const replays = new Set([replay]);
    const page = this.#inTurn(async () => {
      this.#turns.delete(key);
      const isWanted = [...replays].some((each) => each.isWanted());
      return isWanted ? this.#read(replay.after, place) : null;
    });
    this.#turns.set(key, { replays, page });
    return page;
  }

  async #read(after: LogPosition, place: LogPlace | null): Promise<LogPage | null> {
    if (place !== null) return this.#source.from(after, place);
    if (!(await this.#source.keeps(after))) return null;
    const page = await this.#source.from(after, null);
    return continues(after, page.mark.position) ? page : null;
  }

  #inTurn<Result>(read: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(read);
    this.#last = this.#last.then(() => settledOrSlow(turn));
    return turn;
  }
}

async function settledOrSlow(turn: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const slow = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, TURN_MAX_MS).unref();
  });
  await Promise.race([turn.catch(() => undefined), slow]);
  clearTimeout(timer);
}
