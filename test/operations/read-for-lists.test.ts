import { afterAll, beforeAll, expect, test } from "vitest";
import { createReadForLists } from "../../src/operations/read-for-lists.ts";
import type { Database } from "../../src/store/database.ts";
import type { JobListQuery } from "../../src/store/list-jobs.ts";
import { signal } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { withQuery } from "../support/with-query.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

describeWithPostgres("reading for live lists", () => {
  let store: TestStore;
  let ids: string[];

  beforeAll(async () => {
    store = await openTestStore();
    ids = await Promise.all(Array.from({ length: 10 }, submit));
  });
  afterAll(() => store.close());

  async function submit(): Promise<string> {
    const result = await store.operations.submitJob({ type: "anything" });
    if (result.kind !== "SUBMITTED") throw new Error(`it was ${JSON.stringify(result)}`);
    return result.job.id;
  }

  /** Counts statements, and how many are in flight. */
  function watching() {
    const seen = { statements: 0, inFlight: 0, inFlightMax: 0 };
    const db: Database = withQuery(store.db, async (statement, values) => {
      seen.statements += 1;
      seen.inFlight += 1;
      seen.inFlightMax = Math.max(seen.inFlightMax, seen.inFlight);
      try {
        return await store.db.query(statement, values);
      } finally {
        seen.inFlight -= 1;
      }
    });
    return { db, seen };
  }

  const listing = (name: string): JobListQuery => ({
    filter: { name, ids },
    orderBy: { field: "CREATED_AT", direction: "ASC" },
    ...{ limit: 10, after: null, before: null, backward: false },
  });

  test("takes two connections at most, however many lists there are", async () => {
    const { db, seen } = watching();
    const reads = createReadForLists({ db, lanes: store.lanes });
    const pages = Array.from({ length: 100 }, (_, at) => reads.listJobs(listing(`list ${at}`)));
    const found = ids.map((id) => reads.readJobs([id]));
    expect((await Promise.all(pages)).flatMap(({ jobs }) => jobs)).toEqual([]);
    for (const [at, jobs] of (await Promise.all(found)).entries()) {
      expect([...jobs.keys()]).toEqual([ids[at]]);
    }
    expect(seen.inFlightMax).toBe(2);
  });

  test("lists that ask for the same jobs at the same time are answered by one statement", async () => {
    const { db, seen } = watching();
    const reads = createReadForLists({ db, lanes: store.lanes });
    const found = await Promise.all(Array.from({ length: 500 }, () => reads.readJobs(ids)));
    for (const jobs of found) expect([...jobs.keys()]).toEqual(ids);
    expect(seen.statements).toBe(1);
  });

  test("answers by a read that began after the call, and fails only those whose read failed", async () => {
    const [begun, goOn] = [signal(), signal()];
    let reads = 0;
    const db = withQuery(store.db, async (statement, values) => {
      reads += 1;
      if (reads > 1) return store.db.query(statement, values);
      begun.send();
      await goOn.received;
      throw new Error("the database is away");
    });
    const { readJobs } = createReadForLists({ db, lanes: store.lanes });
    const first = readJobs(ids);
    await begun.received;
    const second = readJobs(ids);
    goOn.send();
    await expect(first).rejects.toThrow("the database is away");
    expect([...(await second).keys()]).toEqual(ids);
  });
});
