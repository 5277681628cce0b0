import { expect, it } from "vitest";
import type { JobStatus } from "../../src/domain/job.ts";
import type { JobChange } from "../../src/domain/job-change.ts";
import { ChangeMailbox } from "../../src/events/change-mailbox.ts";
import { RecentChanges } from "../../src/events/recent-changes.ts";

const MOVES: readonly [JobStatus, JobStatus | null][] = [
  ["PENDING", null],
  ["RUNNING", "PENDING"],
  ["SCHEDULED", "RUNNING"],
  ["PENDING", "SCHEDULED"],
  ["RUNNING", "PENDING"],
  ["COMPLETED", "RUNNING"],
];

function change(version: number): JobChange {
  const [status, previousStatus] = MOVES[version - 1] ?? ["COMPLETED", null];
  return { id: "1", version, status, previousStatus, type: "t", queue: "q" };
}

const NEW = { ...change(1), since: 1, passedStatuses: [] };

/** Every order of some numbers. */
function orders(numbers: readonly number[]): number[][] {
  if (numbers.length === 0) return [[]];
  return numbers.flatMap((first) =>
    orders(numbers.filter((each) => each !== first)).map((rest) => [first, ...rest]),
  );
}

it("what is told twice is told once", () => {
  const recent = new RecentChanges();
  for (const version of [1, 2, 3]) expect(recent.take(change(version))).not.toBeNull();
  for (const version of [3, 1, 2]) expect(recent.take(change(version))).toBeNull();
});

it("changes in any order add up to the way from before the first to the last", () => {
  for (const order of orders([2, 3, 4, 5, 6])) {
    const recent = new RecentChanges();
    const mailbox = new ChangeMailbox(10);
    for (const version of order) {
      const news = recent.take(change(version));
      if (news !== null) mailbox.put(news);
    }
    const [net] = mailbox.take() ?? [];
    const expected = { version: 6, status: "COMPLETED", previousStatus: "PENDING" };
    expect(net, order.join()).toMatchObject(expected);
  }
});

it("a change that comes after a newer one was told still says what it took away", () => {
  const recent = new RecentChanges();
  expect(recent.take(change(6))).toMatchObject({ status: "COMPLETED", previousStatus: "RUNNING" });
  expect(recent.take(change(2))).toMatchObject({
    ...{ version: 6, status: "COMPLETED", previousStatus: "PENDING" },
  });
});

it("forgets what the log has told, and not what it may still tell", () => {
  const recent = new RecentChanges();
  recent.take(change(1));
  recent.forget(performance.now());
  expect(recent.size).toBe(1);
  recent.forget(performance.now() + 60_000);
  expect(recent.size).toBe(0);
});

it("a mailbox that was too small says so once, and is complete again after that", () => {
  const mailbox = new ChangeMailbox(2);
  for (const id of ["1", "2", "3", "4"]) mailbox.put({ ...NEW, id });
  expect(mailbox.isEmpty).toBe(false);
  expect(mailbox.take()).toBeNull();
  mailbox.put({ ...NEW, id: "5" });
  expect(mailbox.take()).toHaveLength(1);
  expect(mailbox.isEmpty).toBe(true);
});
