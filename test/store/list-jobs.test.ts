import { afterAll, beforeAll, expect, it } from "vitest";
import { RequestError } from "../../src/domain/errors.ts";
import type { Database } from "../../src/store/database.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import {
  type JobListFilter,
  type JobListQuery,
  type JobPage,
  type ListOrder,
  listJobs,
} from "../../src/store/list-jobs.ts";
import { describeBothDatabases } from "./both-databases.ts";
import { LANE_SPECS, modelList, randomFilter, randomJob } from "./list-model.ts";
import { Random } from "./random.ts";
import { type SeedJob, seedJobs, unseedJob } from "./seed-jobs.ts";

const ORDERS = (["CREATED_AT", "FINISHED_AT", "PRIORITY"] as const).flatMap((field) =>
  (["ASC", "DESC"] as const).map((direction): ListOrder => ({ field, direction })),
);
const NEWEST: ListOrder = { field: "CREATED_AT", direction: "DESC" };
/** Small, so that a few hundred jobs meet every bound and fallback. */
const SMALL = { searched: 1_000_000, horizon: 9 };

describeBothDatabases("a list of jobs", (open) => {
  let db: Database;
  let lanes: LaneCatalog;
  let laneIds: number[];
  let jobs: SeedJob[];
  const random = new Random(20_261_124);
  const texts = new Set<string>();

  beforeAll(async () => {
    db = recording(await open(), texts);
    lanes = new LaneCatalog(db);
    laneIds = (await lanes.intern(LANE_SPECS)).map((lane) => lane.id);
    jobs = Array.from({ length: 400 }, () => randomJob(random, laneIds));
    await seedJobs(db, jobs);
  });
  afterAll(() => db.close());

  const laneOf = (id: number): Lane => {
    const lane = lanes.get(id);
    if (lane === undefined) throw new Error(`lane ${id} is not known`);
    return lane;
  };
  const page = (query: Partial<JobListQuery>, bounds = SMALL): Promise<JobPage> =>
    listJobs(
      db,
      lanes,
      {
        filter: {},
        orderBy: NEWEST,
        limit: 10,
        after: null,
        before: null,
        backward: false,
        ...query,
      },
      bounds,
    );
  const expected = (filter: JobListFilter, orderBy: ListOrder) =>
    modelList(jobs, laneOf, filter, orderBy).map((job) => job.id);

  /** Every page of the list, one after the other, with the flags and counts checked on each. */
  async function walk(filter: JobListFilter, orderBy: ListOrder, limit: number, backward: boolean) {
    const all = expected(filter, orderBy);
    const seen: string[] = [];
    let cursor: string | null = null;
    for (;;) {
      const place = backward ? { before: cursor } : { after: cursor };
      const { jobs: found, ...rest } = await page({ filter, orderBy, limit, backward, ...place });
      const ids = found.map(({ job }) => job.id);
      if (backward) seen.unshift(...ids);
      else seen.push(...ids);
      expect(rest.searchedAll).toBe(true);
      expect([null, all.length]).toContain(rest.totalCount);
      const [more, behind] = backward
        ? [rest.hasPreviousPage, rest.hasNextPage]
        : [rest.hasNextPage, rest.hasPreviousPage];
      expect(more).toBe(seen.length < all.length);
      expect(behind).toBe(cursor !== null && seen.length > ids.length);
      cursor = (backward ? found[0] : found.at(-1))?.cursor ?? null;
      if (!more || cursor === null) break;
    }
    expect(seen).toEqual(all);
  }

  it.each(ORDERS)(
    "gives each match once, in order, both ways: $field $direction",
    async (orderBy) => {
      for (let i = 0; i < 30; i += 1) {
        const filter = i === 0 ? {} : randomFilter(random, jobs);
        const limit = random.pick([1, 7, 25, 40, 150, 150]);
        await walk(filter, orderBy, limit, random.chance(0.5)).catch((error: unknown) => {
          throw new Error(`filter ${JSON.stringify(filter)}, pages of ${limit}`, { cause: error });
        });
      }
    },
  );

  it.each([
    ["jobs by id", /from vinyasa\.jobs t where \(t\.id\) >/],
    ["jobs by lane", /from vinyasa\.jobs t where \(t\.lane, t\.id\) >/],
    ["ready jobs by id", /from vinyasa\.ready_jobs t where \S+ = any/],
    ["all ready jobs of a lane", /from vinyasa\.ready_jobs t where t\.lane = l\.id/],
    ["ready jobs by priority", /from vinyasa\.ready_jobs t where \(t\.lane, t\.rank, t\.at/],
    ["finished jobs by id", /from vinyasa\.finished_jobs t where \(t\.status, t\.job_id\)/],
    ["finished jobs by time", /finished_jobs t where \(t\.status, t\.finished_at, t\.job_id\)/],
    ["candidates by id", /select unnest\(\S+\) as id/],
    ["candidates by tags", /select id from vinyasa\.jobs where tags @>/],
    ["candidates by lane", /select id from vinyasa\.jobs where lane = any/],
    ["candidates by finish", /where \(status, finished_at\) >=/],
  ])("has by then walked %s", (_, text) => {
    expect([...texts].some((each) => text.test(each))).toBe(true);
  });

  it("keeps within two cursors at once, whichever end it begins from", async () => {
    for (const orderBy of ORDERS) {
      const all = await page({ orderBy, limit: 1_000 });
      const [from, to] = [20, all.jobs.length - 30];
      const place = { after: all.jobs[from]?.cursor ?? null, before: all.jobs[to]?.cursor ?? null };
      const inner = all.jobs.slice(from + 1, to).map(({ job }) => job.id);
      const idsOf = (found: JobPage) => found.jobs.map(({ job }) => job.id);
      const first = await page({ orderBy, ...place, limit: 5 });
      expect(idsOf(first)).toEqual(inner.slice(0, 5));
      expect(first).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
      const last = await page({ orderBy, ...place, limit: 5, backward: true });
      expect(idsOf(last)).toEqual(inner.slice(-5));
      expect(last).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
      const whole = await page({ orderBy, ...place, limit: 1_000 });
      expect(idsOf(whole)).toEqual(inner);
      expect(whole).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
      const crossed = await page({ orderBy, after: place.before, before: place.after });
      expect(crossed.jobs).toEqual([]);
    }
  });

  it("knows that nothing comes before the first job, even behind a cursor", async () => {
    const { jobs: all } = await page({ limit: 3 });
    const first = all[0];
    if (first === undefined) throw new Error("no jobs");
    const filter = { createdBeforeMs: first.job.createdAtMs };
    const found = await page({ filter, after: first.cursor, limit: 3 });
    expect(found.hasPreviousPage).toBe(false);
    expect(found.jobs[0]?.job.id).toBe(expected(filter, NEWEST)[0]);
  });

  it("goes on past cursors whose jobs have moved or are gone", async () => {
    for (const orderBy of ORDERS) {
      const added = Array.from({ length: 40 }, () => randomJob(random, laneIds));
      await seedJobs(db, added);
      const there = modelList([...jobs, ...added], laneOf, {}, orderBy).map((job) => job.id);
      const disturbed = new Map<string, SeedJob | null>();
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const { jobs: found } = await page({ orderBy, limit: 6, after: cursor });
        seen.push(...found.map(({ job }) => job.id));
        cursor = found.at(-1)?.cursor ?? null;
        const last = added.find((job) => job.id === found.at(-1)?.job.id);
        if (last === undefined || disturbed.has(last.id)) continue;
        const gone = random.chance(0.5);
        await unseedJob(db, last, gone);
        const moved = { ...randomJob(random, laneIds), id: last.id, lane: last.lane };
        if (!gone) await seedJobs(db, [moved]);
        disturbed.set(last.id, gone ? null : moved);
      } while (cursor !== null);
      expect(disturbed.size).toBeGreaterThan(0);
      const undisturbed = (ids: string[]) => ids.filter((id) => !disturbed.has(id));
      expect(undisturbed(seen)).toEqual(undisturbed(there));
      for (const job of added) {
        const now = disturbed.has(job.id) ? disturbed.get(job.id) : job;
        if (now != null) await unseedJob(db, now, true);
      }
    }
  });

  it("counts from the counters where the filter has nothing but status, type and queue", async () => {
    const filter: JobListFilter = { status: ["FAILED", "PENDING"], type: ["email", "sum"] };
    const found = await page({ filter, limit: 2 });
    expect(found.totalCount).toBe(expected(filter, NEWEST).length);
    expect((await page({ limit: 2 })).totalCount).toBe(jobs.length);
    const withTags = await page({ filter: { tags: ["eu"] }, limit: 2 });
    expect(withTags).toMatchObject({ hasNextPage: true, totalCount: null });
    const ids = jobs.slice(0, 9).map((job) => job.id);
    expect(await page({ filter: { ids }, limit: 2 })).toMatchObject({ totalCount: 9 });
  });

  it("says where a search stopped, and searches no further on any page", async () => {
    const bounds = { searched: 100, horizon: 9 };
    const filter: JobListFilter = { name: "inv", status: ["COMPLETED", "FAILED", "CANCELLED"] };
    const rest = expected({ status: filter.status }, NEWEST);
    const newest = new Set(rest.slice(0, 100));
    expect(rest.length).toBeGreaterThan(100);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const found: JobPage = await page({ filter, limit: 3, after: cursor }, bounds);
      expect(found.searchedAll).toBe(false);
      expect(found.totalCount).toBeNull();
      seen.push(...found.jobs.map(({ job }) => job.id));
      cursor = found.hasNextPage ? (found.jobs.at(-1)?.cursor ?? null) : null;
    } while (cursor !== null);
    expect(seen).toEqual(expected(filter, NEWEST).filter((id) => newest.has(id)));
    const oldest = await page({ filter, orderBy: { ...NEWEST, direction: "ASC" } }, bounds);
    expect(oldest.jobs[0]?.job.id).toBe(seen.at(-1));
  });

  it("answers empty lists and impossible statuses without asking the database", async () => {
    const asked = recordingOnly();
    const impossible: [JobListFilter, ListOrder][] = [
      ...(["ids", "status", "type", "queue", "tags"] as const).map(
        (key): [JobListFilter, ListOrder] => [{ [key]: [] }, NEWEST],
      ),
      [{ ids: ["garbage"] }, NEWEST],
      [{ name: "a\u0000" }, NEWEST],
      [{ payload: { text: "a\u0000" } }, NEWEST],
      [{ status: ["RUNNING"], finishedAfterMs: 0 }, NEWEST],
      [{ status: ["RUNNING"] }, { field: "FINISHED_AT", direction: "DESC" }],
      [{ status: ["FAILED"] }, { field: "PRIORITY", direction: "DESC" }],
    ];
    for (const [filter, orderBy] of impossible) {
      const query = { filter, orderBy, limit: 5, after: null, before: null, backward: false };
      expect(await listJobs(asked, lanes, query)).toEqual({
        jobs: [],
        hasNextPage: false,
        hasPreviousPage: false,
        totalCount: 0,
        searchedAll: true,
      });
    }
  });

  it("refuses cursors that are garbage, cut off, or of another order", async () => {
    const cursor = (await page({})).jobs[0]?.cursor ?? "";
    const oldest = { field: "CREATED_AT", direction: "ASC" } as const;
    await expect(page({ after: cursor, orderBy: oldest })).rejects.toThrow(
      /`after`.*another order/,
    );
    const bad = ["", "garbage", cursor.slice(0, -1), `${cursor}A`, `${cursor}=`, cursor.slice(4)];
    for (const text of bad) {
      const error = await page({ before: text }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RequestError);
      expect(error).toMatchObject({ code: "BAD_USER_INPUT", message: /`before`/ });
    }
  });

  it("finds the jobs of a lane that another instance has just made", async () => {
    const elsewhere = new LaneCatalog(db);
    const [lane] = await elsewhere.intern([{ queue: "new", type: "email", threads: 2 }]);
    if (lane === undefined) throw new Error("no lane");
    const job = { ...randomJob(random, [lane.id]), status: "PENDING" as const };
    await seedJobs(db, [job]);
    const found = await page({ filter: { queue: ["new"] } });
    expect(found.jobs.map((each) => each.job.id)).toEqual([job.id]);
    expect(found.jobs[0]?.job).toMatchObject({ queue: "new", type: "email", threadDemand: 2 });
    await unseedJob(db, job, true);
  });

  it("prepares few statements, whatever it is asked", () => {
    expect(texts.size).toBeLessThan(200);
  });
});

function recording(db: Database, texts: Set<string>): Database {
  const query: Database["query"] = (statement, values) => {
    texts.add(statement.text);
    return db.query(statement, values);
  };
  return Object.assign(Object.create(db), {
    query,
    close: () => db.close(),
    transaction: db.transaction.bind(db),
  });
}

/** A database that must not be asked. */
function recordingOnly(): Database {
  const fail = () => Promise.reject(new Error("asked the database"));
  return {
    kind: "postgres",
    sessionsLost: 0,
    query: fail,
    transaction: fail,
    script: fail,
    describe: fail,
    maintain: fail,
    close: fail,
  };
}
