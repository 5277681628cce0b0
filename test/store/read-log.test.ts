import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LogMark, LogPosition } from "../../src/domain/log-position.ts";
import type { Database } from "../../src/store/database.ts";
import { insertJobs } from "../../src/store/insert-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { renewLogEpoch } from "../../src/store/log-epoch.ts";
import { LogReader } from "../../src/store/read-log.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { describeBothDatabases } from "./both-databases.ts";

describeBothDatabases("the event log", (open) => {
  let db: Database;
  let lane: Lane;
  let reader: LogReader;

  beforeAll(async () => {
    db = await open();
    const lanes = new LaneCatalog(db);
    const [made] = await lanes.intern([{ queue: randomUUID(), type: "noop", threads: 1 }]);
    if (made === undefined) throw new Error("no lane");
    lane = made;
    reader = new LogReader(db, lanes);
  });
  afterAll(() => db.close());

  const insert = async (queryable: Pick<Database, "query"> = db): Promise<string> => {
    const id = newJobId();
    await insertJobs(queryable, [{ ...PLAIN_JOB, id, lane }]);
    return id;
  };
  const idsSince = async (mark: LogMark) =>
    (await reader.since(mark, null)).changes.map(({ id }) => id);
  const idsFrom = async (position: LogPosition) =>
    (await reader.from(position, null)).changes.map(({ id }) => id);

  it("tells what has been committed since a mark, exactly once, and what it was", async () => {
    const mark = await reader.now();
    expect(await idsSince(mark)).toEqual([]);
    const id = await insert();
    const page = await reader.since(mark, null);
    const { type, queue } = lane;
    const change = { id, version: 1, status: "PENDING", previousStatus: null, type, queue };
    expect(page).toMatchObject({ changes: [change], next: null });
    expect(await idsSince(page.mark)).toEqual([]);
  });

  it("a commit that comes after later ones is neither waited for nor missed", async ({ skip }) => {
    // One session has no later commits.
    if (db.kind === "embedded") skip();
    const before = await reader.now();
    const seen: { slow: string; quick: string; mark: LogMark }[] = [];
    await db.transaction("slow", async (tx) => {
      const slow = await insert(tx);
      const quick = await insert();
      const { mark, changes } = await reader.since(before, null);
      expect(changes.map(({ id }) => id)).toEqual([quick]);
      seen.push({ slow, quick, mark });
    });
    const [{ slow, quick, mark } = { slow: "", quick: "", mark: before }] = seen;
    expect(await idsSince(mark)).toEqual([slow]);
    expect(await idsFrom(mark.position)).toEqual(expect.arrayContaining([slow, quick]));
  });

  it("pages through more rows than one page holds, in order", async () => {
    const mark = await reader.now();
    const ids: string[] = [];
    for (let each = 0; each < 1_001; each += 1) ids.push(await insert());
    const told: string[] = [];
    let page = await reader.since(mark, null);
    let pages = 1;
    for (; page.next !== null; pages += 1) {
      told.push(...page.changes.map(({ id }) => id));
      page = await reader.since(mark, page.next);
    }
    told.push(...page.changes.map(({ id }) => id));
    expect(told).toEqual(ids);
    expect(pages).toBe(6);
  });

  it("a page ends where it has some thousands of changes, and the next one goes on behind them", async () => {
    const mark = await reader.now();
    const ids: string[] = [];
    for (let each = 0; each < 12; each += 1) {
      const row = Array.from({ length: 1_000 }, newJobId);
      await insertJobs(
        db,
        row.map((id) => ({ ...PLAIN_JOB, id, lane })),
      );
      ids.push(...row);
    }
    const sizes: number[] = [];
    const told: string[] = [];
    let page = await reader.since(mark, null);
    for (;;) {
      sizes.push(page.changes.length);
      told.push(...page.changes.map(({ id }) => id));
      if (page.next === null) break;
      page = await reader.since(mark, page.next);
    }
    expect(sizes).toEqual([5_000, 5_000, 2_000]);
    expect(told).toEqual(ids);
  });

  it("keeps what has a partition", async () => {
    const { position } = await reader.now();
    expect(await reader.keeps(position)).toBe(true);
    expect(await reader.keeps({ ...position, atMs: 86_400_000 })).toBe(false);
  });

  it("begins a new epoch where transaction ids were reset, once, and only then", async () => {
    expect(await renewLogEpoch(db)).toBeNull();
    const before = await reader.now();
    await db.script(
      `insert into vinyasa.job_events (xid, lane, status, job_ids, versions, attempts)
       values ('9000000000', ${lane.id}, 3, array[gen_random_uuid()], array[1], array[0])`,
    );
    const renewed = await Promise.all([renewLogEpoch(db), renewLogEpoch(db)]);
    expect(renewed.toSorted()).toEqual([2, null]);
    const after = await reader.now();
    expect(after.position.epoch).toBe(before.position.epoch + 1);
    const id = await insert();
    expect(await idsFrom(after.position)).toEqual([id]);
  });
});
