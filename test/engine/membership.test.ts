import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { Membership } from "../../src/engine/membership.ts";
import type { Database, Statement } from "../../src/store/database.ts";

const log = pino({ level: "silent" });
const LEASE_MS = 300;

type Answer = "held" | "new connection" | "no answer" | "declared dead";
let membership: Membership | null = null;

afterEach(() => membership?.stop());

/** A database of which the test says how it answers beats. */
async function start(onLost = (_why: string) => {}) {
  let answer: Answer = "held";
  let heard = () => {};
  let registrations = 0;
  const beatOnce = (): unknown[] => {
    heard();
    if (answer === "no answer") throw new Error("no answer");
    if (answer === "declared dead") {
      answer = "held";
      return [];
    }
    const held = answer === "held";
    answer = "held";
    return [{ held }];
  };
  const query = async ({ name }: Statement) => {
    if (name === "register-instance") {
      registrations += 1;
      return [{ id: registrations }];
    }
    return name === "beat" ? beatOnce() : [];
  };
  const db = { kind: "postgres", query } as Partial<Database> as Database;
  membership = new Membership({
    ...{ db, log, leaseMs: LEASE_MS, heartbeatMs: 10, onLost, onReturned: () => {} },
    describe: () => ({
      ...{ uuid: crypto.randomUUID(), hostname: "h", pid: 1, codeVersion: 2, workers: [] },
    }),
  });
  await membership.start();
  /** Resolves when a beat was answered so. */
  const answers = (next: Answer) =>
    new Promise<void>((resolve) => {
      answer = next;
      heard = () => setImmediate(resolve);
    });
  return { membership, answers };
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
