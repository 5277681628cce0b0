import { afterEach, beforeEach, expect, it } from "vitest";
import { Registry } from "../../src/executors/registry.ts";
import { createOperations, type Operations } from "../../src/operations/index.ts";
import type { Database, Statement } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { EngineBench, executorOf, silentLog } from "./engine-bench.ts";

describeWithPostgres("a job that is submitted to the instance that runs it", () => {
  let bench: EngineBench;
  let operations: Operations;
  let notes: Notes;
  let letGo: () => void;

  const quick = executorOf("quick", () => "done");

  beforeEach(async () => {
    notes = { statements: [], losesNextStart: false };
    const { url } = await createTestDatabase();
    bench = new EngineBench(noting(await openPostgres(options(url)), notes));
    const released = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const slow = executorOf("slow", async () => {
      await released;
      return "done";
    });
    const executors = [quick, slow];
    const engine = await bench.startEngine(executors, { workerThreads: [2] });
    const { db, bus, lanes } = bench;
    const registry = new Registry([...executors, executorOf("elsewhere", () => null)]);
    operations = createOperations({ db, lanes, bus, executors: registry, seats: engine });
  });

  afterEach(async () => {
    letGo();
    await bench.close();
  });

  async function submit(type: string, more: object = {}) {
    const result = await operations.submitJob({ type, payload: {}, ...more });
    if (result.kind !== "SUBMITTED") throw new Error(result.kind);
    return result.job;
  }

  it("starts with its own commit while nothing waits", async () => {
    const events = await bench.record();
    const job = await submit("quick");
    expect(job).toMatchObject({ status: "RUNNING", version: 2, attempt: 1, attemptsLeft: 2 });
    const ended = await bench.untilEnded(job.id);
    expect(ended).toMatchObject({ status: "COMPLETED", version: 3, attempt: 1 });
    expect(notes.statements.filter((name) => name.startsWith("claim"))).toEqual([]);
    expect(events.map(({ status, version }) => [status, version])).toEqual([
      ["RUNNING", 2],
      ["COMPLETED", 3],
    ]);
  });

  it("waits where the threads are taken, and then runs in its turn", async () => {
    const running = [await submit("slow"), await submit("slow")];
    const waiting = [await submit("quick", { priority: 1 }), await submit("quick")];
    expect(running.map(({ status }) => status)).toEqual(["RUNNING", "RUNNING"]);
    expect(waiting.map(({ status }) => status)).toEqual(["PENDING", "PENDING"]);
    letGo();
    const ended = await Promise.all([...running, ...waiting].map(({ id }) => bench.untilEnded(id)));
    expect(ended.map(({ status }) => status)).toEqual(Array(4).fill("COMPLETED"));
  });

  it("does not overtake what waits already, whatever its priority is", async () => {
    await submit("slow");
    await submit("slow");
    const before = await submit("quick", { priority: -5 });
    const after = await submit("quick", { priority: 5 });
    expect([before.status, after.status]).toEqual(["PENDING", "PENDING"]);
  });

  it("waits where it has another time, an end to its waiting, or nobody here for its type", async () => {
    const later = new Date(Date.now() + 3_600_000);
    expect(await submit("quick", { scheduledAt: later })).toMatchObject({ status: "SCHEDULED" });
    expect(await submit("quick", { expiresAt: later })).toMatchObject({ status: "PENDING" });
    expect(await submit("elsewhere")).toMatchObject({ status: "PENDING" });
  });

  it("goes back unharmed where the answer to its submit is lost", async () => {
    notes.losesNextStart = true;
    await expect(submit("quick")).rejects.toThrow("lost");
    const [row] = await bench.db.query<{ id: string }>({
      name: "all-jobs",
      text: "select id from vinyasa.jobs",
    });
    const ended = await bench.untilEnded(row?.id ?? "");
    expect(ended).toMatchObject({ status: "COMPLETED", attempt: 2, attemptsLeft: 2 });
    expect((await bench.attempts(ended.id)).map(({ outcome }) => outcome)).toEqual([
      "COMPLETED",
      "RELEASED",
    ]);
  });
});

function options(url: string) {
  return { url, poolMax: 8, role: "engine", log: silentLog } as const;
}

interface Notes {
  /** Names of all statements so far. */
  readonly statements: string[];
  /** The next submit that starts a job commits, and its answer does not come. */
  losesNextStart: boolean;
}

function noting(db: Database, notes: Notes): Database {
  const query = async <R>(statement: Statement, values?: readonly unknown[]): Promise<R[]> => {
    notes.statements.push(statement.name);
    const rows = await db.query<R>(statement, values);
    if (statement.name !== "start-one" || !notes.losesNextStart) return rows;
    notes.losesNextStart = false;
    throw new Error("the connection was lost");
  };
  return new Proxy(db, {
    get: (target, name) => {
      if (name === "query") return query;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
