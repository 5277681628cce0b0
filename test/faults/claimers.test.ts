import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { insertJobs } from "../../src/store/insert-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { registerTestInstance } from "../support/test-instance.ts";
import { reportFigures } from "./figures.ts";
import { readFacts } from "./job-facts.ts";
import { size } from "./size.ts";
import { describeFaults } from "./stage.ts";

const ROWS = size("FAULT_CLAIM_ROWS", { full: 100_000, short: 6_000 });
const CLAIMERS = 4;
const LIMIT = 50;
const LANES = ["one", "two", "three"];

const log = pino({ level: "silent" });

describeFaults("four claimers on the same lanes", (stage) => {
  it("take each job once, and never more at a time than they asked for", async () => {
    const { databaseUrl: url } = stage();
    const dbs = await Promise.all(
      Array.from({ length: CLAIMERS }, () =>
        openPostgres({ url, poolMax: 2, role: "engine", log }),
      ),
    );
    const [first] = dbs;
    if (first === undefined) throw new Error("no database");
    await migrate(first);
    const types = LANES.map((queue) => ({ queue, type: "noop", threads: 1 }));
    const lanes = await new LaneCatalog(first).intern(types);
    for (let row = 0; row < ROWS; row += 1_000) await insert(first, lanes, row);
    const began = performance.now();
    const claims = await Promise.all(dbs.map((db) => claimAll(db, lanes)));
    const ms = performance.now() - began;
    const sizes = claims.flat().map((ids) => ids.length);
    const ids = claims.flat(2);
    reportFigures("four claimers", {
      rows: ROWS,
      claims: sizes.length,
      largest: Math.max(...sizes),
      twice: ids.length - new Set(ids).size,
      perSecond: (ids.length / ms) * 1_000,
    });
    await Promise.all(dbs.map((db) => db.close()));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LIMIT);
    expect(ids).toHaveLength(ROWS);
    expect(new Set(ids).size).toBe(ROWS);
    const { jobs } = await readFacts(url);
    const wrong = [...jobs.values()].filter(
      ({ states, attempt, attemptsLeft }) =>
        states.join() !== "RUNNING" || attempt !== 1 || attemptsLeft !== 2,
    );
    expect(wrong).toEqual([]);
  });
});

async function insert(db: Database, lanes: readonly Lane[], from: number): Promise<void> {
  const jobs = Array.from({ length: Math.min(1_000, ROWS - from) }, (_, index) => ({
    ...PLAIN_JOB,
    id: newJobId(),
    lane: lanes[index % lanes.length] ?? fail(),
    priority: index % 5,
  }));
  await insertJobs(db, jobs);
}

function fail(): never {
  throw new Error("no lane");
}

/** Claims until nothing is left. @returns the ids of each claim */
async function claimAll(db: Database, lanes: readonly Lane[]): Promise<string[][]> {
  const { id: instance } = await registerTestInstance(db);
  const request = lanes.map((lane) => ({ lane, threads: 1, from: LANE_START }));
  const claims: string[][] = [];
  for (;;) {
    const claim = { lanes: request, limit: LIMIT, instance, worker: 1, token: randomUUID() };
    const { jobs, exhausted } = await claimJobs(db, claim);
    if (jobs.length > 0) claims.push(jobs.map(({ id }) => id));
    if (jobs.length === 0 && exhausted) return claims;
  }
}
