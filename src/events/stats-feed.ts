/**
 * The stats for those who watch them: read again and again while somebody does, once for all who want
 * the same numbers as often. The event bus has no part in it: a burst of events makes no reading.
 */
import type { Logger } from "pino";
import { RequestError } from "../domain/errors.ts";
import type { StatsFilter, StatsRecord } from "../domain/stats.ts";
import { SeldomLog } from "./seldom-log.ts";
import { StatsGroup } from "./stats-group.ts";
import { StatsStream } from "./stats-stream.ts";

export interface StatsFeedOptions {
  readonly readStats: (filter: StatsFilter) => Promise<StatsRecord>;
  readonly log: Logger;
  /** Numbers that stand still are sent again after so long. */
  readonly aliveMs?: number;
}

const ALIVE_MS = 15_000;
/** Whatever filters there are: requests need the connections more. */
const READS_IN_FLIGHT_MAX = 2;

export class StatsFeed {
  readonly #options: StatsFeedOptions;
  readonly #log: SeldomLog;
  readonly #groups = new Map<string, StatsGroup>();
  /** With those whose last reading is still under way. */
  readonly #alive = new Set<StatsGroup>();
  readonly #streams = new Set<StatsStream>();
  #reading = 0;
  /** For a turn to read: a group is here once at most. */
  readonly #waiting: (() => void)[] = [];
  #phase: "new" | "running" | "stopped" = "new";

  constructor(options: StatsFeedOptions) {
    this.#options = options;
    this.#log = new SeldomLog(options.log);
  }

  start(): void {
    if (this.#phase === "new") this.#phase = "running";
  }

  /** Makes every stream reject with UNAVAILABLE: a clean end would tell that nothing more will come. */
  async stop(): Promise<void> {
    this.#phase = "stopped";
    const error = unavailable("is stopping");
    for (const stream of [...this.#streams]) stream.fail(error);
    await Promise.all([...this.#alive].map((group) => group.settle()));
  }

  /**
   * The stats now, and then whenever they have changed, at most every `intervalMs`. A slow reader gets
   * the latest. A reading that fails is tried again; nobody is told of it.
   *
   * The first `next` rejects with UNAVAILABLE before `start` and after `stop`. `stop` rejects later ones.
   */
  watch(filter: StatsFilter, intervalMs: number): StatsStream {
    const key = JSON.stringify([intervalMs, sorted(filter.queues), sorted(filter.types)]);
    const { aliveMs = ALIVE_MS } = this.#options;
    return new StatsStream({
      ...{ intervalMs, aliveMs },
      onOpen: (stream) => {
        if (this.#phase === "running") this.#open(stream, key, filter, intervalMs);
        else stream.fail(unavailable("is not ready"));
      },
      onClose: (stream) => this.#close(stream, key),
    });
  }

  #open(stream: StatsStream, key: string, filter: StatsFilter, intervalMs: number): void {
    const read = () => this.#read(filter, key);
    const group = this.#groups.get(key) ?? new StatsGroup({ intervalMs, read });
    this.#groups.set(key, group);
    this.#alive.add(group);
    this.#streams.add(stream);
    group.join(stream);
  }

  #close(stream: StatsStream, key: string): void {
    const group = this.#groups.get(key);
    if (!this.#streams.delete(stream) || group === undefined) return;
    group.leave(stream);
    if (!group.isEmpty) return;
    this.#groups.delete(key);
    void group.settle().then(() => this.#alive.delete(group));
  }

  async #read(filter: StatsFilter, key: string): Promise<StatsRecord | null> {
    await this.#takeTurn();
    try {
      // Everybody may have left meanwhile.
      return this.#groups.has(key) ? await this.#options.readStats(filter) : null;
    } catch (error) {
      this.#log.warn("reading the stats for those who watch them failed, trying again", error);
      return null;
    } finally {
      this.#giveTurn();
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#reading < READS_IN_FLIGHT_MAX) this.#reading += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #giveTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#reading -= 1;
    else next();
  }
}

function unavailable(why: string): RequestError {
  return new RequestError("UNAVAILABLE", `the server ${why}; subscribe again`);
}

function sorted(names: readonly string[] | undefined): readonly string[] | null {
  return names === undefined ? null : [...new Set(names)].sort();
}
