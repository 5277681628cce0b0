import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { type ClaimedJob, claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { openEmbedded } from "../../src/store/embedded-database.ts";
import { finishJobs } from "../../src/store/finish-jobs.ts";
import { insertJobs } from "../../src/store/insert-jobs.ts";
import { registerInstance } from "../../src/store/instances.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { readResults } from "../../src/store/read-results.ts";
import { createTestFolder } from "../support/embedded.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";

const log = pino({ level: "silent" });

describeWithPostgres("finished attempts, in PostgreSQL", () => {
  finishes(async () => {
    const { url } = await createTestDatabase();
    return openPostgres({ url, poolMax: 2, role: "engine", log });
  });
});

describe("finished attempts, in the embedded database", () => {
  finishes(async () => openEmbedded({ folder: await createTestFolder(), log, fsync: false }));
});

function finishes(open: () => Promise<Database>): void {
  let db: Database;
  let lanes: Lane[];
  let statements: string[];
  let noting: Queryable;

  beforeAll(async () => {
    db = await open();
    const specs = ["one", "two"].map((queue) => ({ queue, type: "noop", threads: 1 }));
    lanes = await new LaneCatalog(db).intern(specs);
  });
  beforeEach(() => {
    statements = [];
    noting = {
      query: (statement, values) => {
        statements.push(statement.name);
        return db.query(statement, values);
      },
    };
  });
  afterAll(() => db.close());

  /** Claimed in as many claims, of two lanes, in no order. */
  async function claim(claims: number): Promise<ClaimedJob[]> {
    const spec = { uuid: randomUUID(), hostname: "test", pid: 1, codeVersion: 2, workers: [] };
    const instance = await registerInstance(db, spec);
    const claimed: ClaimedJob[] = [];
    for (let each = 0; each < claims; each += 1) {
      const jobs = Array.from({ length: 40 }, (_, index) => {
        const lane = lanes[index % 2];
        if (lane === undefined) throw new Error("no lane");
        return { ...PLAIN_JOB, id: newJobId(), lane };
      });
      await insertJobs(db, jobs);
      const asked = lanes.map((lane) => ({ lane, threads: 1, from: LANE_START }));
      const request = { lanes: asked, limit: 40, instance, worker: 1, token: randomUUID() };
      claimed.push(...(await claimJobs(db, request)).jobs);
    }
    return claimed.toSorted((a, b) => a.id.slice(-4).localeCompare(b.id.slice(-4)));
  }

  const named = ({ id, attempt, token }: ClaimedJob) => {
    return { id, attempt, token, startDelayMs: 0, result: JSON.stringify({ of: id, "a,]": null }) };
  };

  it("of several claims are recorded by one statement, each with its own result", async () => {
    const jobs = await claim(3);
    const { versions } = await finishJobs(noting, jobs.map(named));
    expect(versions).toEqual(jobs.map(() => 3));
    expect(statements).toEqual(["finish-all"]);
    const results = await readResults(
      db,
      jobs.map(({ id }) => id),
    );
    for (const { id } of jobs) expect(results.get(id)).toEqual({ of: id, "a,]": null });
  });

  it("leave out what is no longer theirs, and what another claim of the batch holds", async () => {
    const [first, second, third, ...others] = await claim(2);
    if (first === undefined || second === undefined || third === undefined) throw new Error("few");
    const foreign = others.find(({ token }) => token !== second.token)?.token ?? "";
    const batch = [
      named({ ...first, token: randomUUID() }),
      named({ ...second, token: foreign }),
      named({ ...third, attempt: 2 }),
      ...others.map(named),
    ];
    const { versions } = await finishJobs(noting, batch);
    expect(versions).toEqual([null, null, null, ...others.map(() => 3)]);
    const left = await readJobs(
      db,
      [first, second, third].map(({ id }) => id),
    );
    expect([...left.values()].map(({ status }) => status)).toEqual(Array(3).fill("RUNNING"));
    await finishJobs(db, [first, second, third].map(named));
  });
}
