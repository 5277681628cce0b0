import { expect, it } from "vitest";
import type { LogEntry } from "../../src/domain/log-line.ts";
import { AttemptLog, HEAD_LINES_MAX, TAIL_LINES_MAX } from "../../src/engine/attempt-log.ts";
import { LogRoom } from "../../src/engine/log-room.ts";
import { claimedJob } from "./claimed-job.ts";

function entry(n: number | string, message = `line ${n}`): LogEntry {
  return { level: "info", atMs: 1_000, message, fields: null };
}

/** All that is next, as if it was written. */
function takeAll(log: AttemptLog): string[] {
  const messages: string[] = [];
  while (log.hasUnwritten) {
    const lines = log.next(100, 10_000_000);
    log.written(lines.length);
    messages.push(...lines.map(({ message }) => message));
  }
  return messages;
}

it("a run that logs little has all of its lines at once, numbered from 1", () => {
  const log = new AttemptLog(claimedJob("a"), new LogRoom());
  for (let n = 1; n <= HEAD_LINES_MAX; n += 1) log.add(entry(n));
  expect(log.next(3, 1_000)).toMatchObject([
    { seq: 1, message: "line 1" },
    { seq: 2, message: "line 2" },
    { seq: 3, message: "line 3" },
  ]);
  expect(takeAll(log)).toHaveLength(HEAD_LINES_MAX);
  log.end();
  expect(log.hasUnwritten).toBe(false);
});

it("of a run that logs much the first and the last lines are kept, and marks tell of the middle", () => {
  const log = new AttemptLog(claimedJob("a"), new LogRoom());
  for (let n = 1; n <= 100_000; n += 1) log.add(entry(n));
  const head = takeAll(log);
  expect(head).toHaveLength(HEAD_LINES_MAX + 1);
  expect(head.at(-2)).toBe(`line ${HEAD_LINES_MAX}`);
  expect(head.at(-1)).toMatch(/has logged 900 lines.*held back.*the last 100 lines/);
  log.end();
  const tail = takeAll(log);
  expect(tail).toHaveLength(TAIL_LINES_MAX + 1);
  expect(tail[0]).toMatch(/^99000 lines were left out here/);
  expect(tail[1]).toBe("line 99901");
  expect(tail.at(-1)).toBe("line 100000");
});

it("nothing was left out where the last lines are all that was held back", () => {
  const log = new AttemptLog(claimedJob("a"), new LogRoom());
  for (let n = 1; n <= HEAD_LINES_MAX + 2; n += 1) log.add(entry(n));
  takeAll(log);
  log.end();
  expect(takeAll(log)).toEqual([`line ${HEAD_LINES_MAX + 1}`, `line ${HEAD_LINES_MAX + 2}`]);
});

it("long lines count by their length", () => {
  const log = new AttemptLog(claimedJob("a"), new LogRoom());
  for (let n = 1; n <= 1_000; n += 1) log.add(entry(n, `${n} ${"x".repeat(8_000)}`));
  const head = takeAll(log);
  expect(head.join("").length).toBeLessThan(600_000);
  log.end();
  const tail = takeAll(log);
  expect(tail.join("").length).toBeLessThan(140_000);
  expect(tail.at(-1)).toMatch(/^1000 x/);
});

it("a batch holds at least one line, and otherwise no more than it may", () => {
  const log = new AttemptLog(claimedJob("a"), new LogRoom());
  for (const n of [1, 2, 3]) log.add(entry(n, "x".repeat(1_000)));
  expect(log.next(10, 10)).toHaveLength(1);
  expect(log.next(10, 2_500)).toHaveLength(2);
  expect(log.next(0, 2_500)).toHaveLength(0);
});

it("what has no room in the process is left out and counted, and room that is given back is used", () => {
  const room = new LogRoom(1_000);
  const log = new AttemptLog(claimedJob("a"), room);
  for (let n = 1; n <= 50; n += 1) log.add(entry(n, `${n} ${"x".repeat(200)}`));
  const first = takeAll(log);
  expect(first).toHaveLength(3);
  log.add(entry("later"));
  expect(takeAll(log)).toEqual([expect.stringMatching(/^47 lines were left out/), "line later"]);
  log.add(entry("unwritten"));
  log.discard();
  // Marks take room that is not there, and give it back all the same.
  expect(room.take(1_000)).toBe(true);
});
