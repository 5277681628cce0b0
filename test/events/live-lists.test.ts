/**
 * Whatever the bus loses, delays and turns around, however clients come, break off and go on: in the end
 * they hold what the database says. In virtual time.
 */
import fc from "fast-check";
import { pino } from "pino";
import { expect, it, vi } from "vitest";
import type { JobStatus } from "../../src/domain/job.ts";
import type { JobRecord } from "../../src/domain/job-record.ts";
import type { LogPosition } from "../../src/domain/log-position.ts";
import { ChangeFeed } from "../../src/events/change-feed.ts";
import type { ChangeFilter } from "../../src/events/change-filter.ts";
import type { ChangeStream } from "../../src/events/change-stream.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import type { ListMessage } from "../../src/events/list-message.ts";
import { checkProperty } from "../support/seeds.ts";
import { MemoryLog } from "./memory-log.ts";
import { eventOf, sampleJob } from "./sample-job.ts";

const log = pino({ level: "silent" });
const JOBS = 4;
/** A job goes round and round. */
const ROUND: readonly JobStatus[] = ["PENDING", "RUNNING", "FAILED"];

interface Held {
  readonly version: number;
}

/** What a client does: it reads its list before it subscribes, or after its first message. */
interface Plan {
  readonly beginsAtMs: number;
  readonly readsFirst: boolean;
  /** Between what it does and what it does next. */
  readonly slowMs: number;
  /** It breaks off after so many messages, and goes on from the last cursor. */
  readonly breaksAfter: number;
  /** It does not look at the jobs' versions. */
  readonly trustsKinds: boolean;
}

class World {
  readonly source = new MemoryLog();
  readonly bus = new InProcessBus(log);
  readonly feed = new ChangeFeed({ bus: this.bus, source: this.source, log });
  readonly jobs = new Map<string, JobRecord>();
  #failingReads = 0;
  readonly filter: ChangeFilter;

  constructor(readsJobs: boolean) {
    this.filter = {
      key: "running",
      mayHold: () => true,
      holdsState: (status) => status === "RUNNING",
      read: readsJobs ? (ids) => this.#read(ids) : null,
    };
    this.source.clock = () => performance.now();
    this.feed.start();
  }

  /** The next state of a job, and when the bus tells of it: null, never. */
  commit(index: number, delayMs: number | null): void {
    const id = `job ${index}`;
    const before = this.jobs.get(id);
    const version = (before?.version ?? 0) + 1;
    const status = ROUND[(version - 1) % ROUND.length] ?? "PENDING";
    const job = sampleJob({ id, status, version, updatedAtMs: performance.now() });
    this.jobs.set(id, job);
    const event = eventOf(job, before?.status ?? null);
    this.source.changes.push(event);
    if (delayMs === 0) this.bus.publish([event]);
    else if (delayMs !== null) setTimeout(() => this.bus.publish([event]), delayMs);
  }

  failNextReads(): void {
    this.#failingReads += 1;
    this.source.failures += 1;
  }

  /** The list as a query answers it. */
  page(): Map<string, Held> {
    return new Map([...this.jobs].filter(([, { status }]) => status === "RUNNING"));
  }

  async #read(ids: readonly string[]): Promise<Map<string, JobRecord>> {
    await pause(5);
    if (this.#failingReads > 0) {
      this.#failingReads -= 1;
      throw new Error("the database is away");
    }
    const found = ids.flatMap((id) => {
      const job = this.jobs.get(id);
      return job === undefined ? [] : [[id, job] as const];
    });
    await pause(5);
    return new Map(found);
  }
}

class Client {
  held = new Map<string, Held>();
  readonly #world: World;
  readonly #plan: Plan;
  #stream: ChangeStream | null = null;
  #isLeaving = false;
  #breaksLeft = 3;

  constructor(world: World, plan: Plan) {
    this.#world = world;
    this.#plan = plan;
  }

  async live(): Promise<void> {
    const { beginsAtMs, readsFirst, slowMs } = this.#plan;
    await pause(beginsAtMs);
    if (!readsFirst) return this.#follow(null);
    const { position } = await this.#world.source.now();
    await pause(slowMs);
    this.held = this.#world.page();
    await pause(slowMs);
    return this.#follow(position);
  }

  leave(): void {
    this.#isLeaving = true;
    void this.#stream?.return();
  }

  async #follow(after: LogPosition | null): Promise<void> {
    let position = after;
    const { feed, filter } = this.#world;
    while (!this.#isLeaving) {
      this.#stream = feed.watch(filter, position);
      // Refused where the database was away: whoever wants the list tries again.
      const last = await this.#read(this.#stream, position === null).catch(() => null);
      position = last ?? position;
      await pause(10);
    }
  }

  /** Returns the last cursor; null: there was none. */
  async #read(stream: ChangeStream, isNew: boolean): Promise<LogPosition | null> {
    const { slowMs, breaksAfter } = this.#plan;
    let position: LogPosition | null = null;
    let messages = 0;
    for await (const message of stream) {
      position = message.position;
      messages += 1;
      await pause(slowMs);
      if (message.resync || (isNew && messages === 1)) this.held = this.#world.page();
      else this.#apply(message);
      if (messages === breaksAfter && this.#breaksLeft > 0) {
        this.#breaksLeft -= 1;
        break;
      }
    }
    return position;
  }

  #apply({ changes }: ListMessage): void {
    for (const { kind, id, job } of changes) {
      const isOld = !this.#plan.trustsKinds && job !== null && job.version < this.#versionOf(id);
      if (isOld) continue;
      if (kind === "LEFT") this.held.delete(id);
      else this.held.set(id, { version: job?.version ?? 0 });
    }
  }

  #versionOf(id: string): number {
    return this.held.get(id)?.version ?? 0;
  }
}

function pause(ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}

const plans = fc.record({
  beginsAtMs: fc.nat(3_000),
  readsFirst: fc.boolean(),
  slowMs: fc.oneof(fc.constant(0), fc.nat(400)),
  breaksAfter: fc.nat(8),
  trustsKinds: fc.boolean(),
});

const commits = fc.record({
  atMs: fc.nat(4_000),
  job: fc.nat(JOBS - 1),
  delayMs: fc.oneof(fc.constant(0), fc.constant(null), fc.nat(1_500)),
});

it("clients of one list end up with what the database says, whatever happened on the way", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  await checkProperty(
    fc.asyncProperty(
      fc.array(plans, { minLength: 1, maxLength: 4 }),
      fc.array(commits, { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat(4_000), { maxLength: 3 }),
      fc.boolean(),
      async (lives, moves, failures, readsJobs) => {
        const world = new World(readsJobs);
        const clients = lives.map((plan) => new Client(world, plan));
        const ended = clients.map((client) => client.live());
        for (const { atMs, job, delayMs } of moves) {
          setTimeout(() => world.commit(job, delayMs), atMs);
        }
        for (const atMs of failures) setTimeout(() => world.failNextReads(), atMs);
        await vi.advanceTimersByTimeAsync(20_000);
        const told = clients.map(({ held }) => [...held.keys()].toSorted());
        for (const client of clients) client.leave();
        const stopped = world.feed.stop();
        await vi.advanceTimersByTimeAsync(2_000);
        await Promise.allSettled([...ended, stopped]);
        const truth = [...world.page().keys()].toSorted();
        for (const each of told) expect(each).toEqual(truth);
      },
    ),
    200,
  );
  vi.restoreAllMocks();
  vi.useRealTimers();
});
