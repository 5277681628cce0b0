import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { JobStatus } from "../../src/domain/job.ts";
import type { JobChange } from "../../src/domain/job-change.ts";
import { ChangeFeed } from "../../src/events/change-feed.ts";
import type { ChangeFilter } from "../../src/events/change-filter.ts";
import type { ChangeStream } from "../../src/events/change-stream.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import type { ListMessage } from "../../src/events/list-message.ts";
import { MemoryLog } from "./memory-log.ts";
import { eventOf, sampleJob } from "./sample-job.ts";

const log = pino({ level: "silent" });
const ALL: ChangeFilter = { key: "all", mayHold: () => true, holdsState: () => true, read: null };

let bus: InProcessBus;
let source: MemoryLog;
let feed: ChangeFeed;

beforeEach(() => {
  bus = new InProcessBus(log);
  source = new MemoryLog();
  feed = new ChangeFeed({ bus, source, log, intervalMs: 20 });
  feed.start();
  return () => feed.stop();
});

afterEach(() => bus.stop());

function newChange(): JobChange {
  return eventOf(sampleJob({ status: "PENDING", version: 1 }), null);
}

async function next(stream: ChangeStream): Promise<ListMessage> {
  const { value } = await stream.next();
  if (value === undefined) throw new Error("the list has ended");
  return value;
}

async function tellIds(stream: ChangeStream, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) ids.push(...(await next(stream)).changes.map(({ id }) => id));
  return ids;
}

it("what the bus loses comes from the log, over as many pages as it takes", async () => {
  const stream = feed.watch(ALL, null);
  await next(stream);
  const changes = Array.from({ length: 7 }, newChange);
  source.changes.push(...changes);
  expect(await tellIds(stream, 7)).toEqual(changes.map(({ id }) => id));
});

it("what both tell of comes once", async () => {
  const stream = feed.watch(ALL, null);
  await next(stream);
  const jobs = [1, 2].map(() => sampleJob({ status: "PENDING", version: 1 }));
  for (const job of jobs) {
    bus.publish([eventOf(job, null)]);
    source.changes.push(eventOf(job, null));
  }
  const last = newChange();
  source.changes.push(last);
  const ids = await tellIds(stream, 3);
  expect(ids.toSorted()).toEqual([...jobs, last].map(({ id }) => id).toSorted());
});

it.each([
  { order: "its submit and its end", submitFirst: true },
  { order: "its end and its submit", submitFirst: false },
])("a job whose start is heard of before $order leaves a list of running jobs", async (given) => {
  const running: ChangeFilter = { ...ALL, holdsState: (status) => status === "RUNNING" };
  const stream = feed.watch(running, null);
  await next(stream);
  const job = sampleJob({ status: "PENDING", version: 1 });
  const started = { ...job, status: "RUNNING", version: 2 } as const;
  const ended = { ...job, status: "COMPLETED", version: 3 } as const;
  bus.publish([eventOf(started, "PENDING")]);
  const kinds = async () => (await next(stream)).changes.map(({ kind }) => kind);
  expect(await kinds()).toEqual(["ENTERED"]);
  const rest = [eventOf(job, null), eventOf(ended, "RUNNING")];
  bus.publish(given.submitFirst ? rest : rest.toReversed());
  expect(await kinds()).toEqual(["LEFT"]);
});

it("a job leaves a list of running jobs also where more came, late, while its end could not be read", async () => {
  const job = sampleJob({ status: "PENDING", version: 1 });
  const at = (status: JobStatus, version: number) => ({ ...job, status, version });
  // Read three times: as it enters, in vain, and as it leaves.
  const answers = [() => new Map([[job.id, at("RUNNING", 2)]])];
  answers.push(() => {
    bus.publish([eventOf(at("CANCELLED", 5), "PENDING"), eventOf(at("PENDING", 4), "COMPLETED")]);
    throw new Error("the database is away");
  });
  answers.push(() => new Map([[job.id, at("CANCELLED", 5)]]));
  const read = async () => answers.shift()?.() ?? new Map();
  const running: ChangeFilter = { ...ALL, holdsState: (status) => status === "RUNNING", read };
  const stream = feed.watch(running, null);
  await next(stream);
  bus.publish([eventOf(at("RUNNING", 2), "PENDING")]);
  expect((await next(stream)).changes).toMatchObject([{ kind: "ENTERED" }]);
  bus.publish([eventOf(at("COMPLETED", 3), "RUNNING"), eventOf(job, null)]);
  expect((await next(stream)).changes).toMatchObject([{ kind: "LEFT" }]);
  expect(answers).toEqual([]);
});

it("a log that cannot be read is read later", async () => {
  const stream = feed.watch(ALL, null);
  await next(stream);
  source.failures = 3;
  const change = newChange();
  source.changes.push(change);
  expect(await tellIds(stream, 1)).toEqual([change.id]);
});

it("a restore under a live list makes its reader read the list anew", async () => {
  const stream = feed.watch(ALL, null);
  await next(stream);
  const lost = eventOf(sampleJob({ status: "PENDING", version: 1 }), null);
  bus.publish([lost]);
  expect(await tellIds(stream, 1)).toEqual([lost.id]);
  source.history = "1/2";
  expect(await next(stream)).toMatchObject({ changes: [], resync: true });
  // Versions come again: what was told of them before the restore says nothing about these.
  source.changes.push(lost);
  expect(await tellIds(stream, 1)).toEqual([lost.id]);
});

it("after a failover that lost commits, the versions that come again are told", async () => {
  const stream = feed.watch(ALL, null);
  await next(stream);
  const lost = newChange();
  bus.publish([eventOf(sampleJob({ id: lost.id, version: 1 }), null)]);
  expect(await tellIds(stream, 1)).toEqual([lost.id]);
  source.history = "1/2";
  expect(await next(stream)).toMatchObject({ changes: [], resync: true });
  source.changes.push(lost);
  expect(await tellIds(stream, 1)).toEqual([lost.id]);
});

it("a burst that is too much to tell makes its readers read the list anew", async () => {
  const stream = feed.watch(ALL, null);
  await next(stream);
  bus.publish(Array.from({ length: 6_000 }, () => eventOf(sampleJob(), null)));
  expect(await next(stream)).toMatchObject({ changes: [], resync: true });
  const change = newChange();
  source.changes.push(change);
  expect(await tellIds(stream, 1)).toEqual([change.id]);
});

it("nothing is read and nobody is asked for events once the last list has ended", async () => {
  const [one, other] = [feed.watch(ALL, null), feed.watch(ALL, null)];
  await Promise.all([next(one), next(other)]);
  const pending = one.next();
  await one.return();
  expect(await pending).toEqual({ value: undefined, done: true });
  expect(bus.isWatched("any")).toBe(true);
  await other.return();
  await Promise.resolve();
  expect(bus.isWatched("any")).toBe(false);
  expect(await next(feed.watch(ALL, null))).toMatchObject({ changes: [] });
});

it("a stop ends lists with an error, for a clean end would say that nothing more comes", async () => {
  const stream = feed.watch(ALL, null);
  await next(stream);
  const pending = stream.next();
  await feed.stop();
  await expect(pending).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(feed.watch(ALL, null).next()).rejects.toMatchObject({ code: "UNAVAILABLE" });
});
