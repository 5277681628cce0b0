/** Lanes in memory: queue × type × threads, interned to a small number. They never change. */
import type { Database } from "./database.ts";

export interface LaneSpec {
  readonly queue: string;
  readonly type: string;
  /** Threads asked for by the jobs of this lane. */
  readonly threads: number;
}

export interface Lane extends LaneSpec {
  readonly id: number;
  /** For jobs that lost an attempt with an instance, and may have killed it. */
  readonly suspect: boolean;
}

export interface LaneFilter {
  readonly types?: readonly string[];
  readonly queues?: readonly string[];
}

const READ = {
  name: "read-lanes",
  text: `/* read-lanes */
select id, queue, type, threads, suspect from vinyasa.lanes where id > $1 order by id`,
};

// Lanes come to light in the order of their numbers, because whoever makes some holds this lock from
// before the first number is drawn until the commit. Without it, a reader that had seen a number never
// looked for the lower ones which a slower statement committed later: 34,000 jobs once stayed PENDING.
const IN_ORDER = "lock as materialized (select pg_advisory_xact_lock(7218, 2))";

// Nothing is updated on conflict: a lane that exists is found by the read that follows.
const INSERT = {
  name: "insert-lanes",
  text: `/* insert-lanes */ with ${IN_ORDER} insert into vinyasa.lanes (queue, type, threads)
    select x.* from lock, unnest($1::text[], $2::text[], $3::smallint[]) as x (queue, type, threads)
    order by 1, 2, 3
    on conflict (queue, type, threads, suspect) do nothing`,
};

const FIND = {
  name: "find-lanes",
  text: `/* find-lanes */ select l.id, l.queue, l.type, l.threads, l.suspect
    from unnest($1::text[], $2::text[], $3::smallint[]) as x (queue, type, threads)
    join vinyasa.lanes l using (queue, type, threads) where not l.suspect`,
};

const INSERT_SUSPECTS = {
  name: "insert-suspect-lanes",
  text: `/* insert-suspect-lanes */ with ${IN_ORDER}
    insert into vinyasa.lanes (queue, type, threads, suspect)
    select queue, type, threads, true from lock, vinyasa.lanes
    where id = any($1::int[]) and not suspect
    order by 1, 2, 3 on conflict (queue, type, threads, suspect) do nothing`,
};

export class LaneCatalog {
  readonly #db: Database;
  readonly #byId = new Map<number, Lane>();
  readonly #byKey = new Map<string, Lane>();
  readonly #suspectsByKey = new Map<string, Lane>();
  #loadedTo = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Reads the lanes that are not known yet. */
  async load(): Promise<void> {
    const rows = await this.#db.query<Lane>(READ, [this.#loadedTo]);
    for (const row of rows) this.#add(row);
    this.#loadedTo = Math.max(this.#loadedTo, rows.at(-1)?.id ?? 0);
  }

  /** The lanes of `specs`, in their order; missing ones are created. */
  async intern(specs: readonly LaneSpec[]): Promise<Lane[]> {
    const missing = new Map<string, LaneSpec>();
    for (const spec of specs) {
      const key = keyOf(spec);
      if (!this.#byKey.has(key)) missing.set(key, spec);
    }
    if (missing.size > 0) await this.#create([...missing.values()]);
    return specs.map((spec) => {
      const lane = this.#byKey.get(keyOf(spec));
      if (lane === undefined) throw new Error(`lane ${keyOf(spec)} was not stored`);
      return lane;
    });
  }

  /** The lane of suspects that belongs to each of these lanes, by id; missing ones are created. */
  async internSuspects(ids: readonly number[]): Promise<Map<number, number>> {
    if (ids.some((id) => this.#suspectOf(id) === undefined)) {
      await this.#db.query(INSERT_SUSPECTS, [ids]);
      await this.load();
    }
    return new Map(
      ids.map((id) => {
        const suspect = this.#suspectOf(id);
        if (suspect === undefined) throw new Error(`lane ${id} has no lane of suspects`);
        return [id, suspect.id];
      }),
    );
  }

  get(id: number): Lane | undefined {
    return this.#byId.get(id);
  }

  /** The lane in which the jobs of `lane` were submitted: itself, unless it is one of suspects. */
  ordinary(lane: Lane): Lane {
    return this.#byKey.get(keyOf(lane)) ?? lane;
  }

  all(): Iterable<Lane> {
    return this.#byId.values();
  }

  /** Lanes of these types and queues; an absent list means any, an empty one none. */
  matching(filter: LaneFilter): Lane[] {
    const types = filter.types === undefined ? null : new Set(filter.types);
    const queues = filter.queues === undefined ? null : new Set(filter.queues);
    return [...this.#byId.values()].filter(
      (lane) => (types?.has(lane.type) ?? true) && (queues?.has(lane.queue) ?? true),
    );
  }

  async #create(specs: readonly LaneSpec[]): Promise<void> {
    const columns = [
      specs.map((spec) => spec.queue),
      specs.map((spec) => spec.type),
      specs.map((spec) => spec.threads),
    ];
    await this.#db.query(INSERT, columns);
    for (const row of await this.#db.query<Lane>(FIND, columns)) this.#add(row);
  }

  #suspectOf(id: number): Lane | undefined {
    const lane = this.#byId.get(id);
    return lane === undefined ? undefined : this.#suspectsByKey.get(keyOf(lane));
  }

  #add(lane: Lane): void {
    this.#byId.set(lane.id, lane);
    (lane.suspect ? this.#suspectsByKey : this.#byKey).set(keyOf(lane), lane);
  }
}

function keyOf(spec: LaneSpec): string {
  return `${spec.queue}\n${spec.type}\n${spec.threads}`;
}
