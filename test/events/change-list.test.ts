import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { JobStatus } from "../../src/domain/job.ts";
import type { JobRecord } from "../../src/domain/job-record.ts";
import type { LogPosition } from "../../src/domain/log-position.ts";
import { ChangeFeed } from "../../src/events/change-feed.ts";
import type { ChangeFilter } from "../../src/events/change-filter.ts";
import type { ChangeStream } from "../../src/events/change-stream.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import type { ListMessage } from "../../src/events/list-message.ts";
import { MemoryLog } from "./memory-log.ts";
import { MemoryStore } from "./memory-store.ts";
import { eventOf, sampleJob } from "./sample-job.ts";

const log = pino({ level: "silent" });

let store: MemoryStore;
let bus: InProcessBus;
let source: MemoryLog;
let feed: ChangeFeed;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  store = new MemoryStore();
  bus = new InProcessBus(log);
  source = new MemoryLog();
  feed = new ChangeFeed({ bus, source, log });
  feed.start();
});

afterEach(async () => {
  const stopped = feed.stop();
  await pass(1_000);
  await stopped;
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms + 1);

function listOf(
  statuses: readonly JobStatus[] = ["PENDING", "RUNNING", "COMPLETED"],
): ChangeFilter {
  const holdsState = (status: JobStatus) => statuses.includes(status);
  return { key: statuses.join(), mayHold: () => true, holdsState, read: store.readJobs };
}

/** Commits a new job, and tells of it. */
function submit(): JobRecord {
  const job = store.add({ status: "PENDING", version: 1 });
  publish(eventOf(job, null));
  return job;
}

function move(id: string, status: JobStatus): void {
  publish(store.commit(id, { status }));
}

function publish(event: ReturnType<typeof eventOf>): void {
  source.changes.push(event);
  bus.publish([event]);
}

/** What a reader is told, and what it failed with. */
class Reader {
  readonly told: ListMessage[] = [];
  failure: unknown = null;
  readonly stream: ChangeStream;

  constructor(filter: ChangeFilter, after: LogPosition | null = null) {
    this.stream = feed.watch(filter, after);
    void this.#read().catch((error: unknown) => {
      this.failure = error;
    });
  }

  get last(): ListMessage | undefined {
    return this.told.at(-1);
  }

  /** Each change of a job, as its kind and status. */
  kindsOf(id: string): string[] {
    const changes = this.told.flatMap((message) => message.changes);
    return changes
      .filter((each) => each.id === id)
      .map(({ kind, job }) => `${kind} ${job?.status}`);
  }

  async #read(): Promise<void> {
    for await (const message of this.stream) this.told.push(message);
  }
}

/** Holds up each read of jobs; the result lets them through. */
function holdReads(): () => void {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  store.beforeRead = () => held;
  return () => {
    store.beforeRead = async () => {};
    release();
  };
}

async function positionNow(): Promise<LogPosition> {
  return (await source.now()).position;
}

it("whoever watches the same list shares its reads, and is handed the same messages", async () => {
  const readers = Array.from({ length: 50 }, () => new Reader(listOf()));
  await pass(0);
  for (let each = 0; each < 3; each += 1) {
    submit();
    await pass(100);
  }
  expect(store.reads).toHaveLength(3);
  for (const { told } of readers) {
    expect(told).toHaveLength(4);
    for (const [index, message] of told.entries()) expect(message).toBe(readers[0]?.told[index]);
  }
});

it("other lists, and one that is nobody else's, are read for themselves", async () => {
  const pending = listOf(["PENDING"]);
  const readers = [listOf(), pending, { ...pending, key: null }, { ...pending, key: null }].map(
    (filter) => new Reader(filter),
  );
  await pass(0);
  const { id } = submit();
  await pass(100);
  expect(store.reads).toHaveLength(4);
  const messages = readers.map(({ last }) => last);
  for (const message of messages) expect(message?.changes).toMatchObject([{ kind: "ENTERED", id }]);
  expect(new Set(messages).size).toBe(4);
});

it("makes ten messages a second at most, however many watch it", async () => {
  const readers = [1, 2, 3].map(() => new Reader(listOf()));
  await pass(0);
  for (let each = 0; each < 200; each += 1) {
    submit();
    await pass(9);
  }
  for (const { told } of readers) expect(told.length).toBeLessThanOrEqual(2 + 20);
  expect(store.reads.length).toBeLessThanOrEqual(21);
});

it("whoever comes late begins at once, with a cursor and nothing else, and misses nothing after", async () => {
  const early = new Reader(listOf());
  await pass(0);
  const before = submit();
  await pass(1_000);
  const late = new Reader(listOf());
  await pass(0);
  const position = await positionNow();
  expect(late.told).toEqual([{ changes: [], position, resync: false }]);
  const { id } = submit();
  await pass(100);
  expect(late.last).toMatchObject({ changes: [{ kind: "ENTERED", id }] });
  expect(late.last).toBe(early.last);
  expect(late.kindsOf(before.id)).toEqual([]);
});

it("whoever comes while the jobs of a message are read is not told it, and all that comes after", async () => {
  const early = new Reader(listOf());
  await pass(0);
  const release = holdReads();
  const before = submit();
  await pass(10);
  const late = new Reader(listOf(), await positionNow());
  await pass(0);
  expect(late.told).toHaveLength(1);
  const after = submit();
  release();
  await pass(100);
  expect(early.told.flatMap(({ changes }) => changes.map(({ id }) => id))).toEqual([
    before.id,
    after.id,
  ]);
  expect(late.told.flatMap(({ changes }) => changes.map(({ id }) => id))).toEqual([after.id]);
  expect(late.last).toBe(early.last);
});

it("whoever comes with a cursor is told what it missed by itself, and then what all are told", async () => {
  const early = new Reader(listOf());
  await pass(0);
  const after = await positionNow();
  const missed = submit();
  await pass(1_500);
  const late = new Reader(listOf(), after);
  await pass(0);
  expect(late.told).toMatchObject([{ changes: [{ kind: "ENTERED", id: missed.id }] }]);
  const { id } = submit();
  await pass(100);
  expect(late.last).toMatchObject({ changes: [{ id }] });
  expect(late.last).toBe(early.last);
});

it("a job that starts before and ends after somebody came leaves their list of running jobs", async () => {
  const running = listOf(["RUNNING"]);
  const early = new Reader(running);
  await pass(0);
  const after = await positionNow();
  const [first, job] = [submit(), submit()];
  const release = holdReads();
  move(first.id, "RUNNING");
  await pass(10);
  // What is heard from here on waits for the next message.
  move(job.id, "RUNNING");
  release();
  const late = new Reader(running, after);
  await pass(0);
  expect(late.kindsOf(job.id)).toEqual(["ENTERED RUNNING"]);
  expect(early.kindsOf(job.id)).toEqual([]);
  move(job.id, "COMPLETED");
  await pass(200);
  expect(late.kindsOf(job.id)).toEqual(["ENTERED RUNNING", "LEFT COMPLETED"]);
});

it("a job that was told after the cursor, and ended during the break, leaves the list", async () => {
  const running = listOf(["RUNNING"]);
  const first = new Reader(running);
  await pass(0);
  const { id } = submit();
  move(id, "RUNNING");
  await pass(100);
  expect(first.kindsOf(id)).toEqual(["ENTERED RUNNING"]);
  await first.stream.return();
  move(id, "COMPLETED");
  const again = new Reader(running, first.last?.position ?? null);
  await pass(100);
  expect(again.kindsOf(id)).toEqual(["LEFT COMPLETED"]);
});

it.each(["its first message", "a message that told it to"])(
  "a job that starts and ends while somebody reads the list after %s leaves it",
  async (kind) => {
    const reader = new Reader(listOf(["RUNNING"]));
    await pass(0);
    if (kind !== "its first message") {
      await pass(60_000);
      bus.publish(Array.from({ length: 5_001 }, () => eventOf(sampleJob({ status: "PENDING" }))));
      await pass(100);
      expect(reader.last).toMatchObject({ resync: true });
    }
    const { id } = submit();
    move(id, "RUNNING");
    // Here a query would show the job.
    move(id, "COMPLETED");
    await pass(200);
    expect(reader.kindsOf(id)).toEqual(["LEFT COMPLETED"]);
  },
);

it("a job that passes through the list between two messages leaves it, for somebody may have read it", async () => {
  const reader = new Reader(listOf(["RUNNING"]));
  await pass(60_000);
  const { id } = submit();
  move(id, "RUNNING");
  move(id, "COMPLETED");
  await pass(200);
  expect(reader.kindsOf(id)).toEqual(["LEFT COMPLETED"]);
});

it("a job that a message showed ahead of its changes leaves the list with the rest of them", async () => {
  const reader = new Reader(listOf(["RUNNING"]));
  await pass(60_000);
  const { id } = submit();
  move(id, "RUNNING");
  await pass(100);
  const release = holdReads();
  move(id, "PENDING");
  await pass(100);
  // Of these the message that is being made has not heard, and it shows the job as they left it.
  move(id, "SCHEDULED");
  move(id, "PENDING");
  move(id, "RUNNING");
  release();
  await pass(0);
  expect(reader.last?.changes).toMatchObject([{ kind: "UPDATED", job: { version: 6 } }]);
  move(id, "FAILED");
  await pass(200);
  expect(reader.last?.changes).toMatchObject([{ kind: "LEFT", job: { version: 7 } }]);
});

it("a job that started before, and ended long after somebody came, leaves the list also where no job could be read meanwhile", async () => {
  const running = listOf(["RUNNING"]);
  const early = new Reader(running);
  await pass(60_000);
  store.beforeRead = () => Promise.reject(new Error("the database is away"));
  const { id } = submit();
  move(id, "RUNNING");
  await pass(1_000);
  const late = new Reader(running);
  await pass(60_000);
  move(id, "COMPLETED");
  store.beforeRead = async () => {};
  await pass(1_000);
  for (const reader of [early, late]) expect(reader.kindsOf(id)).toEqual(["LEFT COMPLETED"]);
});

it("what is told while somebody still reads what it missed is in its first message", async () => {
  const early = new Reader(listOf());
  await pass(0);
  let goOn = () => {};
  const slow = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  source.beforeReplay = () => slow;
  const late = new Reader(listOf(), await positionNow());
  const ids: string[] = [];
  for (let each = 0; each < 5; each += 1) {
    ids.push(submit().id);
    await pass(100);
  }
  move(String(ids[0]), "RUNNING");
  await pass(100);
  expect(early.told).toHaveLength(7);
  expect(late.told).toEqual([]);
  goOn();
  await pass(0);
  expect(late.told).toHaveLength(1);
  expect(late.last?.changes.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  expect(late.kindsOf(String(ids[0]))).toEqual(["ENTERED RUNNING"]);
  const { id } = submit();
  await pass(100);
  expect(late.last).toMatchObject({ changes: [{ id }] });
  expect(late.last).toBe(early.last);
});

it("a job that was told ahead of its changes leaves the list with those that come after", async () => {
  const reader = new Reader(listOf(["RUNNING"]));
  await pass(11_000);
  const { id } = submit();
  move(id, "RUNNING");
  await pass(100);
  const goOn = holdReads();
  move(id, "SCHEDULED");
  await pass(100);
  // Read in the state to which it has come back meanwhile, and which its changes only pass through.
  for (const status of ["PENDING", "RUNNING"] as const) move(id, status);
  goOn();
  await pass(0);
  expect(reader.kindsOf(id)).toEqual(["ENTERED RUNNING", "UPDATED RUNNING"]);
  move(id, "COMPLETED");
  await pass(200);
  expect(reader.kindsOf(id).at(-1)).toBe("LEFT COMPLETED");
});

it("those who come back read what they missed one page at a time, and from the same cursor together", async () => {
  const [one, other] = [await positionNow(), { ...(await positionNow()), atMs: 1 }];
  submit();
  let reading = 0;
  let most = 0;
  let reads = 0;
  source.beforeReplay = async () => {
    reads += 1;
    reading += 1;
    most = Math.max(most, reading);
    await new Promise((resolve) => setTimeout(resolve, 10));
    reading -= 1;
  };
  const readers = [one, one, other, other].map((after) => new Reader(listOf(), after));
  await pass(100);
  for (const { told } of readers) expect(told[0]?.changes).toHaveLength(1);
  expect({ most, reads }).toEqual({ most: 1, reads: 2 });
});

it("too much to catch up with is a resync for who comes, and nothing for the others", async () => {
  const early = new Reader(listOf());
  await pass(0);
  const after = await positionNow();
  for (let each = 0; each < 5; each += 1) {
    for (let at = 0; at < 100; at += 1) submit();
    await pass(100);
  }
  const late = new Reader(listOf(), after);
  await pass(0);
  expect(late.told).toMatchObject([{ changes: [], resync: true }]);
  const { id } = submit();
  await pass(100);
  expect(late.last).toMatchObject({ changes: [{ id }], resync: false });
  expect(early.told.some(({ resync }) => resync)).toBe(false);
});

it("whoever watches one job is told of it, however much else has changed since the cursor", async () => {
  const { id } = submit();
  const mayHold = (change: { id: string }) => change.id === id;
  const filter: ChangeFilter = { ...listOf(), key: id, mayHold };
  const after = await positionNow();
  for (let each = 0; each < 300; each += 1) submit();
  move(id, "RUNNING");
  const late = new Reader(filter, after);
  await pass(0);
  expect(late.told).toMatchObject([{ changes: [{ id, kind: "UPDATED" }], resync: false }]);
});

it("a slow reader is told of each job once, by its latest state, and nobody waits for it", async () => {
  const fast = new Reader(listOf());
  const slow = feed.watch(listOf(), null);
  await slow.next();
  await pass(0);
  const [one, other] = [submit(), submit()];
  for (let each = 0; each < 15; each += 1) {
    await pass(100);
    move(one.id, "RUNNING");
    await pass(100);
    move(one.id, "PENDING");
  }
  await pass(100);
  expect(fast.told).toHaveLength(1 + 31);
  const messages: ListMessage[] = [];
  while (messages.at(-1) !== fast.last) {
    const { value } = await slow.next();
    if (value !== undefined) messages.push(value);
  }
  expect(messages.length).toBeLessThan(17);
  const [{ changes = [] } = {}] = messages;
  expect(changes.map(({ kind, id }) => [kind, id])).toEqual([
    ["ENTERED", one.id],
    ["ENTERED", other.id],
  ]);
  expect(messages.at(-1)?.changes).toMatchObject([{ kind: "UPDATED", job: { version: 31 } }]);
});

it("a reader that is too slow is told to read the list anew, others are not, and it goes on", async () => {
  const fast = new Reader(listOf());
  const slow = feed.watch(listOf(), null);
  await slow.next();
  await pass(0);
  for (let each = 0; each < 6; each += 1) {
    for (let at = 0; at < 1_000; at += 1) submit();
    await pass(100);
  }
  expect(fast.told.some(({ resync }) => resync)).toBe(false);
  expect(fast.told.flatMap(({ changes }) => changes)).toHaveLength(6_000);
  const { position } = fast.last ?? {};
  expect((await slow.next()).value).toEqual({ changes: [], position, resync: true });
  const { id } = submit();
  const next = slow.next();
  await pass(100);
  expect((await next).value).toMatchObject({ changes: [{ id }], resync: false });
});

it("one that leaves is told nothing more, and the last one ends the list", async () => {
  const [one, other] = [new Reader(listOf()), new Reader(listOf())];
  await pass(0);
  await one.stream.return();
  submit();
  await pass(100);
  expect(one.told).toHaveLength(1);
  expect(other.told).toHaveLength(2);
  const release = holdReads();
  submit();
  await pass(100);
  await other.stream.return();
  release();
  expect(bus.isWatched("any")).toBe(false);
  const again = new Reader(listOf());
  await pass(200);
  expect(again.told).toMatchObject([{ changes: [] }]);
  const { id } = submit();
  await pass(100);
  expect(again.last).toMatchObject({ changes: [{ id }] });
  expect(other.told).toHaveLength(2);
});

it("a read that fails is tried again once for all, and told to who came meanwhile, too", async () => {
  const early = new Reader(listOf());
  await pass(0);
  store.beforeRead = () => Promise.reject(new Error("the database is away"));
  const { id } = submit();
  await pass(100);
  const late = new Reader(listOf());
  await pass(0);
  store.beforeRead = async () => {};
  move(id, "RUNNING");
  await pass(1_000);
  expect(store.reads).toHaveLength(2);
  for (const reader of [early, late]) {
    expect(reader.failure).toBeNull();
    expect(reader.kindsOf(id)).toEqual(["ENTERED RUNNING"]);
  }
});

it("a first message that cannot be read is its reader's error, and nobody else's", async () => {
  const early = new Reader(listOf());
  await pass(0);
  const after = await positionNow();
  submit();
  await pass(100);
  store.beforeRead = () => Promise.reject(new Error("the database is away"));
  const late = new Reader(listOf(), after);
  await pass(0);
  expect(late.failure).toMatchObject({ message: "the database is away" });
  store.beforeRead = async () => {};
  const { id } = submit();
  await pass(1_000);
  expect(early.kindsOf(id)).toEqual(["ENTERED PENDING"]);
});

it("a quiet list tells every 15 seconds where it is, all of its readers in one message", async () => {
  const readers = [new Reader(listOf()), new Reader(listOf())];
  await pass(15_000);
  await pass(15_000);
  for (const { told } of readers) {
    expect(told).toHaveLength(3);
    expect(told.map(({ changes }) => changes)).toEqual([[], [], []]);
  }
  expect(readers[0]?.last).toBe(readers[1]?.last);
  expect(store.reads).toEqual([]);
});

it("a restore makes all read the list anew, also one who still reads what it missed", async () => {
  const early = new Reader(listOf());
  await pass(0);
  let goOn = () => {};
  const slow = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  source.beforeReplay = () => slow;
  const late = new Reader(listOf(), await positionNow());
  source.history = "1/2";
  await pass(1_000);
  expect(early.last).toMatchObject({ changes: [], resync: true });
  goOn();
  await pass(0);
  expect(late.told).toMatchObject([{ changes: [], resync: true }]);
});

it("a stop ends it for all, also for one who still reads what it missed", async () => {
  const early = new Reader(listOf());
  await pass(0);
  source.beforeReplay = () => new Promise<void>(() => {});
  const late = new Reader(listOf(), await positionNow());
  await pass(0);
  const stopped = feed.stop();
  await pass(0);
  await stopped;
  for (const { failure } of [early, late]) expect(failure).toMatchObject({ code: "UNAVAILABLE" });
});
