/** A real store and the model of it, side by side, and the names by which actions speak of both. */
import { randomUUID } from "node:crypto";
import type { ClaimedJob } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import type { NewJob } from "../../src/store/insert-jobs.ts";
import { registerInstance } from "../../src/store/instances.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { type ClaimName, ModelState } from "./model-state.ts";
import { emptyStore, setClock } from "./set-clock.ts";

const LANES = [
  { queue: "default", type: "a", threads: 1 },
  { queue: "default", type: "b", threads: 2 },
  { queue: "other", type: "a", threads: 1 },
];
const BEGIN_MS = Date.UTC(2031, 0, 1);
const INSTANCES = 2;

export interface JobWish {
  readonly lane: number;
  readonly priority: number;
  /** From now; null: at once. */
  readonly inMs: number | null;
  readonly expiresInMs: number | null;
  readonly maxAttempts: number;
}

export class World {
  readonly db: Database;
  readonly state = new ModelState();
  readonly catalog: LaneCatalog;
  readonly jobs: string[] = [];
  /** Every claim that was ever made: most of them are stale. */
  readonly claims: ClaimedJob[] = [];
  readonly instances: number[] = [];
  lanes: readonly Lane[] = [];
  suspects: ReadonlyMap<number, number> = new Map();
  /** Null: the real clock. */
  #setMs: number | null;
  #made = 0;

  /** @param clock "set": it stands still but for `pass`, and the database has been given it */
  static async create(db: Database, clock: "set" | "real"): Promise<World> {
    await emptyStore(db);
    const world = new World(db, clock);
    if (clock === "set") await setClock(db, BEGIN_MS);
    world.lanes = await world.catalog.intern(LANES);
    world.suspects = await world.catalog.internSuspects(world.lanes.map(({ id }) => id));
    for (let n = 0; n < INSTANCES; n += 1) await world.addInstance();
    return world;
  }

  constructor(db: Database, clock: "set" | "real") {
    this.db = db;
    this.#setMs = clock === "set" ? BEGIN_MS : null;
    this.catalog = new LaneCatalog(db);
  }

  async addInstance(): Promise<void> {
    const uuid = randomUUID();
    const spec = { uuid, hostname: "test", pid: 1, codeVersion: 1, workers: [] };
    const id = await registerInstance(this.db, spec);
    this.instances.push(id);
    const { nowMs: beatAtMs } = this;
    const instance = { id, uuid, workers: [], beatAtMs, endedAtMs: null, draining: false };
    this.state.instances.set(id, instance);
  }

  get nowMs(): number {
    return this.#setMs ?? Date.now();
  }

  /** A real clock passes by itself. */
  async pass(ms: number): Promise<void> {
    if (this.#setMs === null) return;
    this.#setMs += ms;
    await setClock(this.db, this.#setMs);
  }

  newJob({ lane, priority, inMs, expiresInMs, maxAttempts }: JobWish): NewJob {
    const id = this.#newUuid(0x7000);
    this.jobs.push(id);
    return {
      ...{ id, priority, maxAttempts, payload: "{}", name: null, tags: [], timeoutMs: 1_000 },
      lane: this.lane(lane),
      backoff: { kind: "EXPONENTIAL", baseMs: 100, maxMs: 10_000, jitter: 0.5 },
      scheduledAtMs: inMs === null ? null : this.nowMs + inMs,
      expiresAtMs: expiresInMs === null ? null : this.nowMs + expiresInMs,
      idempotencyKey: null,
      inputHash: null,
    };
  }

  newToken(): string {
    return this.#newUuid(0x4000);
  }

  #newUuid(version: number): string {
    this.#made += 1;
    return uuid(version, this.#made);
  }

  lane(index: number): Lane {
    return at(this.lanes, index);
  }

  /** The lane of an index, or the one of its suspects. */
  anyLane(index: number): Lane {
    const lane = this.lane(Math.floor(index / 2));
    const suspect = this.catalog.get(this.suspects.get(lane.id) ?? 0);
    return index % 2 === 0 ? lane : (suspect ?? lane);
  }

  instance(index: number): number {
    return at(this.instances, index);
  }

  /** The jobs of these indices, each once. */
  jobIds(indices: readonly number[]): string[] {
    if (this.jobs.length === 0) return [];
    return [...new Set(indices.map((index) => newest(this.jobs, index)))];
  }

  /** The claims of these indices, at most one a job. */
  claimsOf(indices: readonly number[]): ClaimedJob[] {
    if (this.claims.length === 0) return [];
    const byJob = new Map(indices.map((index) => newest(this.claims, index)).map((c) => [c.id, c]));
    return [...byJob.values()];
  }
}

/** Wrong in the attempt or in the token: nothing may be written under such a name. */
export type Forgery = "none" | "attempt" | "token";

export function nameOf({ id, attempt, token }: ClaimedJob, forgery: Forgery): ClaimName {
  return {
    id,
    attempt: forgery === "attempt" ? attempt + 1 : attempt,
    token: forgery === "token" ? uuid(0x4000, 0xffff) : token,
  };
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new RangeError("nothing to choose from");
  return item;
}

function newest<T>(items: readonly T[], index: number): T {
  return at(items, items.length - 1 - (index % items.length));
}

function uuid(version: number, n: number): string {
  const tail = n.toString(16).padStart(12, "0");
  return `01da0000-0000-${version.toString(16)}-8000-${tail}`;
}
