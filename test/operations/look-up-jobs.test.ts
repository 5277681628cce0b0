import { afterAll, beforeAll, expect, test } from "vitest";
import { createLookUpJobs } from "../../src/operations/look-up-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { signal, sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { withQuery } from "../support/with-query.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

const WRITE = sql("update vinyasa.scheduled_jobs set version = $2 where job_id = $1");
const UNKNOWN = "01890000-0000-7000-8000-000000000000";

/** `db` whose answers come when they are let go, each as it was found when it was asked for. */
function holding(db: Database) {
  const held: (() => void)[] = [];
  let found = signal();
  const slow = withQuery(db, async (statement, values) => {
    const rows = await db.query(statement, values);
    const { send, received } = signal();
    held.push(send);
    found.send();
    await received;
    return rows;
  });
  return {
    db: slow,
    /** Resolves when one more has been answered by PostgreSQL, and is held. */
    async next() {
      await found.received;
      found = signal();
    },
    letGo: () => held.shift()?.(),
    letAllGo() {
      for (const send of held.splice(0)) send();
    },
  };
}

describeWithPostgres("looking jobs up", () => {
  let store: TestStore;

  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(() => store.close());

  async function submit(scheduledAt?: Date): Promise<string> {
    const result = await store.operations.submitJob({ type: "anything", scheduledAt });
    if (result.kind !== "SUBMITTED") throw new Error(`it was ${JSON.stringify(result)}`);
    return result.job.id;
  }

  test("takes one statement for all who ask at once, up to a thousand ids", async () => {
    const asked: number[] = [];
    const db = withQuery(store.db, (statement, values = []) => {
      asked.push(Object(values[0]).length);
      return store.db.query(statement, values);
    });
    const lookUpJobs = createLookUpJobs({ db });
    const ids = await Promise.all(Array.from({ length: 600 }, () => submit()));
    const all = await Promise.all(ids.map((id) => lookUpJobs([id])));
    expect(all.map((found) => [...found.keys()])).toEqual(ids.map((id) => [id]));
    expect(asked).toEqual([600]);
    asked.length = 0;
    const twice = await Promise.all([ids, ids].map((wanted) => lookUpJobs(wanted)));
    expect(twice.map((found) => found.size)).toEqual([600, 600]);
    expect(asked).toEqual([600, 600]);
  });

  test("finds the same job for each who asks, under the name that each of them used", async () => {
    const id = await submit();
    const lookUpJobs = createLookUpJobs({ db: store.db });
    const upper = id.toUpperCase();
    const [one, two, none] = await Promise.all([[id], [upper, UNKNOWN], []].map(lookUpJobs));
    expect(one?.get(id)).toMatchObject({ id, status: "PENDING" });
    expect([...(two ?? [])]).toEqual([[upper, one?.get(id)]]);
    expect(none?.size).toBe(0);
  });

  test("does not hand out what a statement found that began before the call", async () => {
    const { db, next, letGo, letAllGo } = holding(store.db);
    const lookUpJobs = createLookUpJobs({ db });
    const id = await submit();
    const statusIn = async (found: ReturnType<typeof lookUpJobs>) => (await found).get(id)?.status;
    const before = lookUpJobs([id]);
    await next();
    await store.operations.cancelJob({ id });
    const after = lookUpJobs([id]);
    await next();
    letAllGo();
    expect([await statusIn(before), await statusIn(after)]).toEqual(["PENDING", "CANCELLED"]);

    const busy = [lookUpJobs([id])];
    await next();
    busy.push(lookUpJobs([id]));
    await next();
    const waiting = lookUpJobs([id]);
    await store.db.query(sql("update vinyasa.finished_jobs set version = 77 where job_id = $1"), [
      id,
    ]);
    letGo();
    await next();
    letAllGo();
    expect((await waiting).get(id)?.version).toBe(77);
    await Promise.all(busy);
  });

  test("shows every caller what it has just written, among hundreds that ask all the time", async () => {
    const lookUpJobs = createLookUpJobs({ db: store.db });
    const later = new Date(Date.now() + 3_600_000);
    const ids = await Promise.all(Array.from({ length: 50 }, () => submit(later)));
    let isOver = false;
    const crowd = Array.from({ length: 300 }, async (_, place) => {
      const id = ids[place % ids.length] ?? "";
      while (!isOver) await lookUpJobs([id]);
    });
    const stale: string[] = [];
    const writers = ids.map(async (id) => {
      for (let version = 2; version <= 20; version += 1) {
        await store.db.query(WRITE, [id, version]);
        const found = (await lookUpJobs([id])).get(id)?.version;
        if (found !== version) stale.push(`${id}: ${found} after ${version}`);
      }
    });
    await Promise.all(writers).finally(() => {
      isOver = true;
    });
    await Promise.all(crowd);
    expect(stale).toEqual([]);
  });

  test("has what is no id, or a job that cannot be read, cost nobody else an answer", async () => {
    const lookUpJobs = createLookUpJobs({ db: store.db });
    const [good, bad] = await Promise.all([submit(), submit()]);
    await store.db.query(sql("update vinyasa.jobs set policy = '[99,1,1,0,1]' where id = $1"), [
      bad,
    ]);
    const asked = [[good], ["no id"], [`${good}'`], [bad], ["", good], [UNKNOWN]];
    const settled = await Promise.allSettled(asked.map(lookUpJobs));
    const sizes = settled.map((one) => (one.status === "fulfilled" ? one.value.size : "failed"));
    expect(sizes).toEqual([1, 0, 0, "failed", 1, 0]);
  });
});
