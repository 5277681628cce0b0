import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { registerInstance } from "../../src/store/instances.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import type { WorkerSpec } from "../../src/store/read-fleet.ts";
import { seedJobs } from "../store/seed-jobs.ts";
import { sql } from "../store/statements.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { openTestApi, type TestApi } from "./test-api.ts";

const INSTANCES = `{ instances {
  id hostname pid startedAt lastSeenAt draining
  workers { id threads threadsInUse queues currentJobs { id status type attempt } }
} }`;

describeWithPostgres("the instances", () => {
  let api: TestApi;
  let lane = 0;

  beforeAll(async () => {
    api = await openTestApi();
    const specs = [{ queue: "default", type: "anything", threads: 1 }];
    lane = (await new LaneCatalog(api.db).intern(specs))[0]?.id ?? 0;
  });
  afterEach(() => api.db.script("delete from vinyasa.instances; delete from vinyasa.running_jobs"));
  afterAll(() => api.close());

  async function register(hostname: string, ...workers: WorkerSpec[]) {
    const uuid = randomUUID();
    const id = await registerInstance(api.db, { uuid, hostname, pid: 7, codeVersion: 2, workers });
    return { uuid, id };
  }

  const change = (id: number, what: string) =>
    api.db.query(sql(`update vinyasa.instances set ${what} where id = $1`), [id]);

  /** Running jobs of a worker, each claimed a second after the one before. */
  async function run(instance: number, worker: number, ...threads: number[]): Promise<string[]> {
    const ids = threads.map(() => newJobId());
    const rows = ids.map((id, index) => {
      const since = new Date(1_750_000_000_000 + index * 1_000).toISOString();
      const times = { at: since, since, readyAt: since, startedAt: since };
      const rest = { priority: 0, name: null, tags: null, payload: {} };
      return { id, lane, status: "RUNNING" as const, instance, ...times, ...rest };
    });
    await seedJobs(api.db, rows);
    const text = `update vinyasa.running_jobs r set worker = $1::smallint, threads = x.threads
      from unnest($2::uuid[], $3::smallint[]) as x (id, threads) where r.job_id = x.id`;
    await api.db.query(sql(text), [worker, ids, threads]);
    return ids;
  }

  const read = async () => Object(await api.data(INSTANCES)).instances;

  test("are those that have not ended, in the order in which they came", async () => {
    const first = await register("alpha", { threads: 4, queues: [] }, { threads: 8, queues: [] });
    const gone = await register("beta", { threads: 4, queues: [] });
    const second = await register("gamma");
    await change(gone.id, "ended_at = clock_timestamp()");
    await change(second.id, "draining = true");
    const instances = await read();
    expect(instances).toMatchObject([
      { id: first.uuid, hostname: "alpha", pid: 7, draining: false },
      { id: second.uuid, hostname: "gamma", draining: true, workers: [] },
    ]);
    expect(instances[0].workers).toEqual([
      { id: `${first.uuid}/1`, threads: 4, threadsInUse: 0, queues: [], currentJobs: [] },
      { id: `${first.uuid}/2`, threads: 8, threadsInUse: 0, queues: [], currentJobs: [] },
    ]);
    expect(Date.parse(instances[1].lastSeenAt)).toBeGreaterThanOrEqual(
      Date.parse(instances[1].startedAt),
    );
  });

  test("show what their workers run, and leave out what they have only read ahead", async () => {
    const { id, uuid } = await register(
      "alpha",
      { threads: 4, queues: ["mail", "reports"] },
      { threads: 1, queues: ["mail", "reports"] },
    );
    const other = await register("beta", { threads: 2, queues: [] });
    const wide = await run(id, 1, 3, 1, 1, 1);
    const narrow = await run(id, 2, 1, 1);
    const theirs = await run(other.id, 1, 1);
    const instances = await read();
    const shown = (jobs: readonly (string | undefined)[]) =>
      jobs.map((job) => ({ id: job, status: "RUNNING", type: "anything", attempt: 1 }));
    const queues = ["mail", "reports"];
    expect(instances[0].workers).toEqual([
      {
        ...{ id: `${uuid}/1`, threads: 4, threadsInUse: 4, queues },
        currentJobs: shown(wide.slice(0, 2)),
      },
      {
        ...{ id: `${uuid}/2`, threads: 1, threadsInUse: 1, queues },
        currentJobs: shown(narrow.slice(0, 1)),
      },
    ]);
    expect(instances[1].workers[0]).toMatchObject({ threadsInUse: 1, currentJobs: shown(theirs) });
  });

  test("cost three statements, however many workers and jobs there are", async () => {
    for (const name of ["alpha", "beta", "gamma"]) {
      const specs = Array.from({ length: 5 }, () => ({ threads: 3, queues: [] }));
      const { id } = await register(name, ...specs);
      for (const worker of [1, 2, 3, 4, 5]) await run(id, worker, 1, 1, 1);
    }
    api.statements.length = 0;
    const instances = await read();
    expect(instances[2].workers[4].currentJobs).toHaveLength(3);
    expect(api.statements).toEqual(["read-instances", "read-worker-loads", "read-jobs"]);
  });

  test("cost one where nobody asks what runs", async () => {
    await register("alpha", { threads: 3, queues: [] });
    api.statements.length = 0;
    await api.data("{ instances { id workers { id threads queues } } }");
    expect(api.statements).toEqual(["read-instances"]);
  });
});
