import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { Membership, type MembershipOptions } from "../../src/engine/membership.ts";
import { type Database, DatabaseError, type Statement } from "../../src/store/database.ts";

const log = pino({ level: "silent" });
const LEASE_MS = 300;
const DEAD_AFTER_MS = 200;

type Answer = "held" | "new connection" | "no answer" | "declared dead" | "broken" | "away";
let membership: Membership | null = null;

afterEach(() => membership?.stop());

/** A database of which the test says how it answers beats. */
async function start(onLost = (_why: string) => {}, options: Partial<MembershipOptions> = {}) {
  let answer: Answer = "held";
  let heard = () => {};
  let registrations = 0;
  const beatOnce = (): unknown[] => {
    heard();
    if (answer === "no answer") throw failure("Query read timeout");
    if (answer === "broken") throw failure("Connection terminated unexpectedly");
    if (answer === "away") throw failure("connect ECONNREFUSED", "ECONNREFUSED");
    if (answer === "declared dead") {
      answer = "held";
      return [];
    }
    const held = answer === "held";
    answer = "held";
    return [{ held }];
  };
  const sent: string[] = [];
  const query = async ({ name }: Statement) => {
    sent.push(name);
    if (name === "register-instance") {
      registrations += 1;
      return [{ id: registrations }];
    }
    return name === "beat" ? beatOnce() : [];
  };
  const db = { kind: "postgres", query, sessionsLost: 0 };
  membership = new Membership({
    ...{
      db: db as Partial<Database> as Database,
      log,
      leaseMs: LEASE_MS,
      heartbeatMs: 10,
      onLost,
      onReturned: () => {},
    },
    ...{ deadAfterMs: DEAD_AFTER_MS, onReturning: async () => {} },
    describe: () => ({
      ...{ uuid: crypto.randomUUID(), hostname: "h", pid: 1, codeVersion: 2, workers: [] },
    }),
    ...options,
  });
  await membership.start();
  /** Resolves when a beat was answered so. */
  const answers = (next: Answer) =>
    new Promise<void>((resolve) => {
      answer = next;
      heard = () => setImmediate(resolve);
    });
  return { membership, answers, sent, db };
}

function failure(message: string, code?: string): DatabaseError {
  return new DatabaseError("beat", Object.assign(new Error(message), { code }), null, null);
}

it("an instance that just started goes by the locks of the others", async () => {
  const { membership, answers } = await start();
  await answers("held");
  expect(membership.trustsLocks).toBe(true);
});

it.each<Answer>(["no answer", "new connection"])(
  "one whose beat met with '%s' goes by the lease alone, for one lease",
  async (trouble) => {
    const { membership, answers } = await start();
    await answers(trouble);
    expect(membership.trustsLocks).toBe(false);
    await answers("held");
    const resumedAt = performance.now();
    expect(membership.trustsLocks).toBe(false);
    await expect.poll(() => membership.trustsLocks, { interval: 5 }).toBe(true);
    expect(performance.now() - resumedAt).toBeGreaterThan(LEASE_MS * 0.8);
  },
);

it("one that was declared dead drops its jobs and goes on under another number", async () => {
  const lost: string[] = [];
  const { membership, answers } = await start((why) => lost.push(why));
  const [id, uuid] = [membership.id, membership.uuid];
  await answers("declared dead");
  await expect.poll(() => membership.alive).toBe(true);
  expect(lost).toEqual(["declared dead by another instance"]);
  expect(membership.id).not.toBe(id);
  expect(membership.uuid).not.toBe(uuid);
});

it("one that was frozen knows that it may have been given up before any timer of its own", async () => {
  const { membership, answers } = await start();
  await answers("held");
  expect(membership.alive).toBe(true);
  // The whole process stands still: what comes next runs before the watchdog and the heartbeat.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LEASE_MS);
  expect(membership.alive).toBe(false);
});

it("one whose connection broke lets its jobs go before others trust its lock", async () => {
  let letGo = (_why: string) => {};
  const lost = new Promise<string>((resolve) => {
    letGo = resolve;
  });
  const { membership, answers } = await start((why) => letGo(why), { leaseMs: 60_000 });
  await answers("broken");
  expect(await lost).toMatch(/no heartbeat reached the database/);
  expect(membership.alive).toBe(false);
});

it("one whose connection ended between two beats lets its jobs go as soon", async () => {
  let letGo = (_why: string) => {};
  const lost = new Promise<string>((resolve) => {
    letGo = resolve;
  });
  const { answers, db } = await start((why) => letGo(why), { leaseMs: 60_000 });
  await answers("held");
  db.sessionsLost += 1;
  await answers("no answer");
  const silent = setInterval(() => void answers("no answer"), 5);
  expect(await lost).toMatch(/no heartbeat reached the database/);
  clearInterval(silent);
});

it("one whose connection ended with a server that restarts keeps its jobs", async () => {
  const { membership, answers, db } = await start(undefined, { leaseMs: 60_000 });
  await answers("held");
  db.sessionsLost += 1;
  const silentSince = performance.now();
  while (performance.now() - silentSince < 2 * DEAD_AFTER_MS) await answers("away");
  expect(membership.alive).toBe(true);
});

it.each<Answer>(["no answer", "away"])(
  "one whose beat met with '%s' keeps its jobs for as long as the lease allows",
  async (trouble) => {
    const { membership, answers } = await start(undefined, { leaseMs: 60_000 });
    await answers("broken");
    await answers("held");
    const silentSince = performance.now();
    await answers(trouble);
    while (performance.now() - silentSince < 2 * DEAD_AFTER_MS) await answers(trouble);
    expect(membership.alive).toBe(true);
  },
);

it("one that was silent lets the others come back before it declares any of them dead", async () => {
  const { membership, answers } = await start(undefined, { leaseMs: 60_000 });
  expect(membership.mayDeclareDead).toBe(true);
  const silentSince = performance.now();
  while (performance.now() - silentSince < DEAD_AFTER_MS + 50) await answers("away");
  expect(membership.mayDeclareDead).toBe(false);
  await answers("held");
  const awakeSince = performance.now();
  expect(membership.mayDeclareDead).toBe(false);
  await expect.poll(() => membership.mayDeclareDead, { interval: 5 }).toBe(true);
  expect(performance.now() - awakeSince).toBeGreaterThan(DEAD_AFTER_MS / 2);
});

it("one that gave its jobs up writes what had ended before it ends its number", async () => {
  let isWritten = () => {};
  const onReturning = async () => isWritten();
  const { membership, answers, sent } = await start(undefined, { onReturning });
  isWritten = () => sent.push("(written)");
  await answers("broken");
  while (membership.alive) await answers("broken");
  const from = sent.length;
  await answers("held");
  await expect.poll(() => membership.alive, { interval: 5 }).toBe(true);
  // The old number beats once more, so that nobody takes its jobs while they are written.
  const steps = ["beat", "(written)", "end-instance", "register-instance"];
  expect(sent.slice(from, from + steps.length)).toEqual(steps);
});
