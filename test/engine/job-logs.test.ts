import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LOG_START, type LogLine } from "../../src/domain/log-line.ts";
import { HEAD_LINES_MAX, TAIL_LINES_MAX } from "../../src/engine/attempt-log.ts";
import type { ExecutorContext } from "../../src/executors/define-executor.ts";
import type { Database } from "../../src/store/database.ts";
import { DatabaseError } from "../../src/store/database.ts";
import { readLogLines } from "../../src/store/read-log-lines.ts";
import { sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { withQuery } from "../support/with-query.ts";
import { executorOf, Held } from "./executors.ts";
import { openStage } from "./open-stage.ts";
import type { Stage } from "./stage.ts";

describeWithPostgres("what a run logs", () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
  });

  afterEach(() => stage.close());

  async function linesOf(id: string): Promise<readonly LogLine[]> {
    const [page] = await readLogLines(stage.db, [{ id, ...LOG_START, first: 5_000 }]);
    return page?.lines ?? [];
  }

  const messagesOf = async (id: string) => (await linesOf(id)).map(({ message }) => message);

  /** Resolves once `count` lines are there. */
  async function untilLines(id: string, count: number): Promise<void> {
    while ((await linesOf(id)).length < count)
      await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** The engine's database, with `onWrite` in front of each write of lines. */
  const disturbed = (onWrite: () => Promise<void> | void): Database =>
    withQuery(stage.db, async (statement, values) => {
      if (statement.name === "write-log-lines") await onWrite();
      return stage.db.query(statement, values);
    });

  it("is there while it runs, with levels, fields and times within the run", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor]);
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const log = held.runs[0]?.context.log;
    log?.info("begun");
    log?.debug("looking", { at: 3 });
    log?.warn("strange", { error: new Error("why") });
    log?.error("bad");
    await untilLines(id, 4);
    held.release();
    const { startedAtMs, finishedAtMs } = await stage.ended(id);
    const lines = await linesOf(id);
    expect(lines.map(({ level, message, fields }) => [level, message, fields])).toEqual([
      ["info", "begun", null],
      ["debug", "looking", { at: 3 }],
      ["warn", "strange", { error: { name: "Error", message: "why" } }],
      ["error", "bad", null],
    ]);
    for (const { atMs } of lines) {
      expect(atMs).toBeGreaterThanOrEqual(startedAtMs ?? Number.NaN);
      expect(atMs).toBeLessThanOrEqual(finishedAtMs ?? Number.NaN);
    }
  });

  it("is all there for who sees the end of the job, whatever the end is", async () => {
    const chatty = executorOf("chatty", ({ fails }, { log, attempt }) => {
      for (let n = 1; n <= 5; n += 1) log.info(`attempt ${attempt} line ${n}`);
      if (fails === true) throw new Error("planned");
      return null;
    });
    await stage.startEngine([chatty]);
    const payloads = Array.from({ length: 40 }, (_, n) => JSON.stringify({ fails: n % 2 === 0 }));
    const jobs = await stage.submit(
      ...payloads.map((payload) => ({ type: "chatty", payload, maxAttempts: 2 })),
    );
    const counts = await Promise.all(
      jobs.map(async ({ id }) => {
        const { status } = await stage.ended(id);
        return [status, (await linesOf(id)).length] as const;
      }),
    );
    for (const [status, lines] of counts) expect(lines).toBe(status === "FAILED" ? 10 : 5);
    const failed = jobs[0];
    expect(
      (await linesOf(failed?.id ?? "")).map(({ attempt, seq }) => `${attempt}/${seq}`),
    ).toEqual([1, 2].flatMap((attempt) => [1, 2, 3, 4, 5].map((seq) => `${attempt}/${seq}`)));
  });

  it("may be logged with what was taken out of the context, and after the end is nothing", async () => {
    let late: ExecutorContext["log"]["info"] = () => {};
    const quick = executorOf("quick", (_payload, { log }) => {
      const { info, warn } = log;
      info("one");
      warn("two");
      late = info;
      return null;
    });
    const engine = await stage.startEngine([quick]);
    const [{ id }] = await stage.submit({ type: "quick" });
    await stage.ended(id);
    late("three");
    const [next] = await stage.submit({ type: "quick" });
    await stage.ended(next.id);
    expect(await messagesOf(id)).toEqual(["one", "two"]);
    expect(engine.staleWrites).toBe(0);
  });

  it("costs no statement where it is nothing", async () => {
    const quick = executorOf("quick", () => null);
    await stage.startEngine([quick]);
    const jobs = await stage.submit(...Array.from({ length: 50 }, () => ({ type: "quick" })));
    for (const { id } of jobs) await stage.ended(id);
    expect(stage.answered.get("write-log-lines")).toBeUndefined();
  });

  it("a million times in a loop is kept in part, and the server goes on", async () => {
    const flood = executorOf("flood", (_payload, { log }) => {
      for (let n = 1; n <= 1_000_000; n += 1) log.info(`line ${n}`, { n });
      return null;
    });
    const quick = executorOf("quick", () => null);
    await stage.startEngine([flood, quick]);
    const before = process.memoryUsage().heapUsed;
    const [{ id }, other] = await stage.submit({ type: "flood" }, { type: "quick" });
    expect(await stage.ended(id)).toMatchObject({ status: "COMPLETED" });
    await stage.ended(other.id);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 1024 * 1024);
    const messages = await messagesOf(id);
    expect(messages).toHaveLength(HEAD_LINES_MAX + TAIL_LINES_MAX + 2);
    expect(messages[0]).toBe("line 1");
    expect(messages[HEAD_LINES_MAX]).toMatch(/held back/);
    expect(messages[HEAD_LINES_MAX + 1]).toMatch(/^999000 lines were left out here/);
    expect(messages.at(-1)).toBe("line 1000000");
  });

  it("is announced where somebody watches the job, by its id alone", async () => {
    const chatty = executorOf("chatty", (_payload, { log }) => {
      log.info("hello");
      return null;
    });
    await stage.startEngine([chatty]);
    const told: unknown[] = [];
    stage.bus.onWake((wakeUp) => "logs" in wakeUp && told.push(wakeUp));
    const [watched, other] = await stage.store([{ type: "chatty" }, { type: "chatty" }] as const);
    await stage.bus.announceInterest(watched.id);
    stage.bus.wake({ lanes: [...stage.lanes.all()].map(({ id }) => id) });
    for (const { id } of [watched, other]) await stage.ended(id);
    expect(told).toEqual([{ logs: [watched.id] }]);
  });

  it("is written a few times a second, however often it comes", async () => {
    const held = new Held("held");
    await stage.startEngine([held.executor]);
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const startedAt = performance.now();
    for (let n = 0; n < 150; n += 1) {
      held.runs[0]?.context.log.info(`line ${n}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await untilLines(id, 150);
    const quarters = (performance.now() - startedAt) / 250;
    expect(stage.answered.get("write-log-lines")).toBeLessThanOrEqual(Math.floor(quarters) + 2);
    held.release();
    await stage.ended(id);
  });

  it("of a job that was taken away is refused, stops the run, and is counted", async () => {
    const held = new Held("held");
    const engine = await stage.startEngine([held.executor], { workerThreads: [1] });
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    const aborted = new Promise((resolve) => {
      held.runs[0]?.signal.addEventListener("abort", resolve);
    });
    const steal =
      "update vinyasa.running_jobs set token = gen_random_uuid() where job_id = $1::uuid";
    await stage.db.query(sql(steal), [id]);
    held.runs[0]?.context.log.info("of a stranger");
    await aborted;
    expect(engine.staleWrites).toBe(1);
    expect(await messagesOf(id)).toEqual([]);
    // Its thread is free again.
    await stage.submit({ type: "held" });
    await held.whenStarted(2);
    held.runs[1]?.resolve(null);
  });

  it("is written before the end also where the database went away for a moment", async () => {
    let failures = 3;
    const db = disturbed(() => {
      failures -= 1;
      if (failures >= 0) throw new DatabaseError("write-log-lines", new Error("gone"), null, null);
    });
    const chatty = executorOf("chatty", (_payload, { log }) => {
      log.info("last words");
      return null;
    });
    await stage.startEngine([chatty], { db });
    const [{ id }] = await stage.submit({ type: "chatty" });
    await stage.ended(id);
    expect(await messagesOf(id)).toEqual(["last words"]);
  });

  it("does not keep the job from its end where it cannot be written", async () => {
    const db = disturbed(() => new Promise<void>(() => {}));
    const chatty = executorOf("chatty", (_payload, { log }) => {
      log.info("nobody hears this");
      return { done: true };
    });
    await stage.startEngine([chatty], { db });
    const [{ id }] = await stage.submit({ type: "chatty" });
    expect(await stage.ended(id)).toMatchObject({ status: "COMPLETED" });
  });

  it("that the database refuses is left out, and what is beside it is not", async () => {
    await stage.db.script(
      `alter table vinyasa.job_logs add constraint no_curses check (message <> 'curse')`,
    );
    const texts: string[] = [];
    const log = pino({ level: "trace" }, { write: (line: string) => void texts.push(line) });
    const chatty = executorOf("chatty", ({ words }, context) => {
      for (const word of words as string[]) context.log.info(word);
      return null;
    });
    await stage.startEngine([chatty], { log });
    const wish = (...words: string[]) => ({ type: "chatty", payload: JSON.stringify({ words }) });
    const [one, two] = await stage.submit(wish("a", "curse", "b"), wish("fine"));
    for (const { id } of [one, two]) {
      expect(await stage.ended(id)).toMatchObject({ status: "COMPLETED" });
    }
    expect(await messagesOf(one.id)).toEqual(["a", "b"]);
    expect(await messagesOf(two.id)).toEqual(["fine"]);
    expect(texts.filter((text) => text.includes("refuses a log line"))).toHaveLength(1);
    expect(texts.join("")).not.toMatch(/curse|fine/);
  });

  it("is written when the instance stops, also of runs that are given back", async () => {
    const held = new Held("held");
    const engine = await stage.startEngine([held.executor]);
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    held.runs[0]?.context.log.info("so far so good");
    await engine.stop(0);
    expect(await stage.job(id)).toMatchObject({ status: "PENDING" });
    expect(await messagesOf(id)).toEqual(["so far so good"]);
  });

  it("stays, up to the last write, when the attempt is taken away", async () => {
    const held = new Held("held");
    const lost = await stage.startEngine([held.executor], { leaseMs: 1_000 });
    const [{ id }] = await stage.submit({ type: "held" });
    await held.whenStarted(1);
    held.runs[0]?.context.log.info("before that");
    await untilLines(id, 1);
    const rescue =
      "update vinyasa.running_jobs set attempt = attempt + 1, token = gen_random_uuid()";
    await stage.db.query(sql(rescue));
    held.runs[0]?.context.log.info("after that");
    held.release();
    await expect.poll(() => lost.staleWrites, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(await messagesOf(id)).toEqual(["before that"]);
  });
});
