import { pino } from "pino";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { LaneCatalog, type LaneSpec } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { readReadyLanes } from "../../src/store/read-ready-lanes.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { seedJobs } from "./seed-jobs.ts";

const log = pino({ level: "silent" });

function lane(queue: string): LaneSpec {
  return { queue, type: "noop", threads: 1 };
}

describeWithPostgres("lanes", () => {
  let db: Database;

  beforeAll(async () => {
    const { url } = await createTestDatabase();
    db = await openPostgres({ url, poolMax: 6, role: "engine", log });
  });

  afterAll(() => db.close());

  it("come to light in the order of their numbers, however slow the one who makes them", async () => {
    const reader = new LaneCatalog(db);
    await db.transaction("slow", async (tx) => {
      const slow = new LaneCatalog({ ...db, query: tx.query.bind(tx) });
      await slow.intern([lane("slow 1"), lane("slow 2")]);
      const fast = new LaneCatalog(db).intern([lane("fast")]);
      await untilSomebodyWaits();
      await reader.load();
      void fast.catch(() => {});
    });
    await vi.waitFor(async () => {
      await reader.load();
      const queues = reader.matching({ types: ["noop"] }).map(({ queue }) => queue);
      expect(queues.sort()).toEqual(["fast", "slow 1", "slow 2"]);
    });
  });

  it("with ready jobs are found page by page, to the last one", async () => {
    const lanes = await new LaneCatalog(db).intern(["a", "b", "c"].map(lane));
    await seedJobs(
      db,
      lanes.map(({ id }, n) => ({
        id: `00000000-0000-7000-8000-00000000000${n}`,
        lane: id,
        status: "PENDING",
        priority: 0,
        at: "2026-01-01T00:00:00Z",
        since: "2026-01-01T00:00:00Z",
        readyAt: null,
        startedAt: null,
        name: null,
        tags: null,
        payload: null,
      })),
    );
    const [a, b, c] = lanes.map(({ id }) => id).sort((x, y) => x - y);
    expect(await readReadyLanes(db, 2, 0)).toEqual([a, b]);
    expect(await readReadyLanes(db, 2, b ?? 0)).toEqual([c]);
    expect(await readReadyLanes(db, 2, c ?? 0)).toEqual([]);
  });

  async function untilSomebodyWaits(): Promise<void> {
    const waiting = {
      name: "waiting",
      text: `select from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`,
    };
    await vi.waitFor(async () => expect(await db.query(waiting)).not.toEqual([]));
  }
});
