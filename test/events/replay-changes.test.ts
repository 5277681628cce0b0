import { expect, it } from "vitest";
import type { LogPage, LogPlace, LogPosition } from "../../src/domain/log-position.ts";
import type { LogSource } from "../../src/events/log-source.ts";
import { Replays } from "../../src/events/replay-changes.ts";
import { MemoryLog } from "./memory-log.ts";
import { eventOf, sampleJob } from "./sample-job.ts";

function positionAt(xmin: number): LogPosition {
  return { epoch: 1, history: "1/1", xmin: String(xmin), atMs: 0 };
}

/** Tells which pages are read, and how many at once. */
class WatchedLog extends MemoryLog {
  readonly reads: string[] = [];
  atOnceMax = 0;
  #atOnce = 0;

  override async from(position: LogPosition, after: LogPlace | null): Promise<LogPage> {
    this.reads.push(`${position.xmin}:${after?.xid ?? ""}`);
    this.#atOnce += 1;
    this.atOnceMax = Math.max(this.atOnceMax, this.#atOnce);
    const page = await super.from(position, after);
    this.#atOnce -= 1;
    return page;
  }
}

function logOf(count: number): WatchedLog {
  const log = new WatchedLog();
  for (let each = 0; each < count; each += 1) log.changes.push(eventOf(sampleJob(), null));
  return log;
}

/** The ids that it told, in their order. */
async function replay(replays: Replays, after: LogPosition): Promise<string[]> {
  const told: string[] = [];
  const tell = ({ id }: { id: string }) => told.push(id);
  expect(await replays.run({ after, isWanted: () => true, tell })).toBe(true);
  return told;
}

it("many who come back read one page at a time, and each is told all that it missed", async () => {
  const log = logOf(20);
  const replays = new Replays(log);
  const starts = [0, 3, 8, 11];
  const told = await Promise.all(starts.map((at) => replay(replays, positionAt(at))));
  const ids = log.changes.map(({ id }) => id);
  expect(told).toEqual(starts.map((at) => ids.slice(at)));
  expect(log.atOnceMax).toBe(1);
});

it("who has missed little does not wait for those who have missed much", async () => {
  const log = logOf(60);
  const replays = new Replays(log);
  const done: number[] = [];
  const starts = [0, 1, 2, 59];
  await Promise.all(starts.map((at) => replay(replays, positionAt(at)).then(() => done.push(at))));
  expect(done[0]).toBe(59);
  expect(log.reads.indexOf("59:")).toBe(3);
});

it("those who go on from the same cursor share their pages", async () => {
  const log = logOf(9);
  const replays = new Replays(log);
  const ids = log.changes.map(({ id }) => id);
  const told = await Promise.all([1, 2, 3, 4].map(() => replay(replays, positionAt(0))));
  for (const each of told) expect(each).toEqual(ids);
  expect(log.reads).toHaveLength(5);
});

it("a page that is being read is not shared with who comes only then, for it may be older", async () => {
  const log = logOf(1);
  const replays = new Replays(log);
  const later: Promise<string[]>[] = [];
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  log.beforeReplay = () => {
    if (later.length === 0) later.push(replay(replays, positionAt(0)));
    return held;
  };
  const first = replay(replays, positionAt(0));
  setImmediate(() => goOn());
  await first;
  await Promise.all(later);
  expect(log.reads).toEqual(["0:", "0:"]);
});

it("who has left is not read for, and who fails does not stop the others", async () => {
  const log = logOf(4);
  const replays = new Replays(log);
  log.beforeReplay = () => {
    log.beforeReplay = async () => {};
    return Promise.reject(new Error("the database is away"));
  };
  const failing = replay(replays, positionAt(0));
  const left = replays.run({ after: positionAt(1), isWanted: () => false, tell: () => {} });
  const other = replay(replays, positionAt(2));
  await expect(failing).rejects.toThrow("the database is away");
  await left;
  expect(await other).toHaveLength(2);
  expect(log.reads).not.toContain("1:");
});

it("other work gets its turn while thousands of changes are told to many", async () => {
  const changes = Array.from({ length: 5_000 }, () => eventOf(sampleJob(), null));
  const mark = { position: positionAt(0), snapshot: "" };
  const from = async (): Promise<LogPage> => ({ mark, changes, next: null });
  const source: LogSource = { now: async () => mark, since: from, from, keeps: async () => true };
  const replays = new Replays(source);
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(Array.from({ length: 20 }, () => replay(replays, positionAt(0))));
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(19);
});
