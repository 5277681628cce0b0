/** Reads ranges of one list. */
import type { Database } from "../database.ts";
import type { SortWord } from "./key-columns.ts";
import { above, below, isEmptyRange, type KeyRange } from "./list-key.ts";
import {
  hasRows,
  keyAtDistance,
  type ListedJob,
  type ListScope,
  readRows,
  type Source,
} from "./list-reads.ts";
import { unfiltered } from "./list-values.ts";

interface ListOptions {
  /** Asked where the walk along the order found too little before its horizon. */
  readonly fallback: Source | null;
  /** How many jobs a walk may pass before the fallback is asked instead. */
  readonly horizon: number;
  readonly countAll: () => Promise<number | null>;
}

export class JobList {
  /** All matches, exact and cheap, or null. */
  readonly countAll: () => Promise<number | null>;
  readonly #db: Database;
  readonly #scope: ListScope;
  readonly #source: Source;
  readonly #fallback: Source | null;
  readonly #horizon: number;
  #range: KeyRange;
  #searchesAll = true;

  constructor(
    db: Database,
    scope: ListScope,
    source: Source,
    range: KeyRange,
    { fallback, horizon, countAll }: ListOptions,
  ) {
    this.#db = db;
    this.#scope = scope;
    this.#source = source;
    this.#range = range;
    this.#fallback = fallback;
    this.#horizon = horizon;
    this.countAll = countAll;
  }

  /** What the list reaches over. */
  get range(): KeyRange {
    return this.#range;
  }

  get searchesAll(): boolean {
    return this.#searchesAll;
  }

  /**
   * Shortens the list to the first `jobs` of its descending order that match all but the name and
   * the payload: the newest, the last finished, or the first to run.
   */
  async searchNewest(jobs: number): Promise<void> {
    const up = this.#scope.field === "PRIORITY";
    const scope = { ...this.#scope, byJob: false };
    const bound = await this.#keyAtDistance(scope, this.#range, up, jobs);
    if (bound === null) return;
    this.#range = up ? below(this.#range, bound) : above(this.#range, bound);
    this.#searchesAll = false;
  }

  /** The first `count` jobs of `range`, from its low end if `up`, else from its high end. */
  async rows(range: KeyRange, up: boolean, count: number): Promise<ListedJob[]> {
    if (isEmptyRange(range)) return [];
    const read = (source: Source, part: KeyRange) =>
      readRows(this.#db, this.#scope, source, part, sortOf(up), count);
    if (this.#fallback === null) return read(this.#source, range);
    const near = await this.#nearPart(range, up);
    const rows = await read(this.#source, near);
    return rows.length >= count || near === range ? rows : read(this.#fallback, range);
  }

  /** Whether `range` has any job; it is sought from the low end if `up`, else from the high end. */
  async hasAny(range: KeyRange, up: boolean): Promise<boolean> {
    if (isEmptyRange(range)) return false;
    const probe = (source: Source, part: KeyRange) =>
      hasRows(this.#db, this.#scope, source, part, sortOf(up));
    if (this.#fallback === null) return probe(this.#source, range);
    const near = await this.#nearPart(range, up);
    if (await probe(this.#source, near)) return true;
    return near === range ? false : probe(this.#fallback, range);
  }

  /** The part of `range` that a walk gets through soon; `range` itself if that is all of it. */
  async #nearPart(range: KeyRange, up: boolean): Promise<KeyRange> {
    const horizon = await this.#keyAtDistance(unfiltered(this.#scope), range, up, this.#horizon);
    if (horizon === null) return range;
    return up ? below(range, horizon) : above(range, horizon);
  }

  async #keyAtDistance(scope: ListScope, range: KeyRange, up: boolean, distance: number) {
    if (this.#source.kind !== "walk" || isEmptyRange(range)) return null;
    const { walk } = this.#source;
    // The variant reads all ready jobs of its lanes: more than the distance, if all lanes count.
    const plain = walk === "statuses-few-ready" && !scope.byState ? "statuses" : walk;
    return keyAtDistance(this.#db, scope, plain, range, sortOf(up), distance);
  }
}

function sortOf(up: boolean): SortWord {
  return up ? "asc" : "desc";
}
